/// Matches and tournaments by the rules: teams of Retort's own agents, of a model behind an OpenAI-compatible endpoint, or of an
/// external command; every reply clocked, judged and kept; standings and ratings with their intervals. What happens is told as it
/// happens (`TournamentEvent`). May import Groundwork, ContentHash, Tokenizers, Transformers, Questions, Distillation, Teachers,
/// Agents and Evaluation; knows no recipes.
