/// Several adapters in, one adapter out: TIES and its relatives, from mapped files to a file, one module at a time, with the scale
/// right. Knows files and numbers; no model, no GPU. Merging the factors needs no tensor library; the spaces that decompose matrices
/// (`delta`, `core`, `knots`) open libtorch. Imports Groundwork, Checkpoints and Torch.
