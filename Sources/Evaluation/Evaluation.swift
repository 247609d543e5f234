/// How good a model or an adapter is at four-choice questions: two styles of asking (the model's chat template and MMLU's raw
/// prompt), accuracy with Wilson intervals per subject and domain, and paired comparison of two results on the same questions.
/// Imports Groundwork, Tokenizers, Transformers, Questions and Agents, whose answer guide it judges with.
