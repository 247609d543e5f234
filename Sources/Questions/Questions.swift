/// The four-choice question: its schema and files, the checks that a tournament makes, subjects and domains, reproducible
/// splits, the wording in which both agents ask and answer, and generators whose answers are computed or looked up in tables.
/// Knows no model and no tokenizer: where tokens are counted, the caller hands in a closure. Imports Groundwork only.
