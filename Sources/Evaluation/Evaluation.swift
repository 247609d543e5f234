/// How good a model or an adapter is, and how sure that is: four-choice questions in two styles of asking (the model's chat template and
/// MMLU's raw prompt), accuracy with Wilson intervals, calibration, letter bias, paired comparison of two results or of several models
/// on the same questions; and benchmarks answered in free text, whose answers or programs (`Generative`) a program judges.
/// Imports Groundwork, ContentHash, Tokenizers, Transformers, Questions and Agents, whose answer guide it judges with.
