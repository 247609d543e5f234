/// Several adapters in, one adapter out: TIES and its relatives on the LoRA factors, from mapped files to a file, one module at
/// a time, with the scale right. Knows files and numbers; no model, no tensor library, no GPU.
/// Imports Groundwork, Checkpoints and, for the names of element types, Torch.
