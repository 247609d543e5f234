/// GGUF's tensor names for Hugging Face's, the same for all three families.
enum TensorNames {
    private static let outer = [
        "model.embed_tokens.weight": "token_embd.weight",
        "model.norm.weight": "output_norm.weight",
        "lm_head.weight": "output.weight",
    ]

    private static let inner = [
        "input_layernorm": "attn_norm",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "self_attn.q_norm": "attn_q_norm",
        "self_attn.k_norm": "attn_k_norm",
        "post_attention_layernorm": "ffn_norm",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
    ]

    /// "model.layers.3.mlp.up_proj.weight" → "blk.3.ffn_up.weight"; nil for a name that no family has.
    static func gguf(_ name: String) -> String? {
        if let outer = outer[name] { return outer }
        let parts = name.split(separator: ".")
        guard parts.count >= 5, parts[0] == "model", parts[1] == "layers", let kind = parts.last,
            let inner = inner[parts[3..<parts.count - 1].joined(separator: ".")]
        else { return nil }
        return "blk.\(parts[2]).\(inner).\(kind)"
    }
}
