/// The decoder: forward pass, backward pass by hand, LoRA, KV cache, sampling and guided decoding for Llama, Qwen2 and Qwen3.
///
/// The base is frozen. A block's backward returns the gradient of its input and adds to the gradients of the adapter's factors,
/// nothing else exists. Sequences are packed: `tokens` is the sum of all lengths and attention is block-diagonal.
/// Shapes in comments: `hidden` = width of the residual stream, `heads`·`size` = queries, `groups`·`size` = keys and values.
/// May import Groundwork, Torch, Checkpoints and Tokenizers; knows nothing of questions.
