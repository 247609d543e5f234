/// Collections of four-choice questions: readers for the forms that they come in, cleaning with counted reasons, near-duplicates
/// and contamination, measured biases, splits without leaks, and the folder of files and card that training reads.
/// Knows no model. Imports Groundwork, ContentHash and Questions.
