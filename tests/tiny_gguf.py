"""A language model of half a megabyte with random weights: what it says is noise, unless a grammar binds it.

python -m tests.tiny_gguf tiny.gguf
"""

from __future__ import annotations

import string
import sys
from pathlib import Path

_LAYERS, _WIDTH, _INNER, _HEADS, _KV_HEADS = 2, 64, 128, 4, 2
CONTEXT = 4096

_TEMPLATE = (
    "{% for message in messages %}[{{ message.role }}]{{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
STRICT_TEMPLATE = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" + _TEMPLATE
)


def write_tiny_gguf(path: Path, *, template: str = _TEMPLATE) -> Path:
    """Write the model; always the same one for a template."""
    import gguf
    import numpy as np

    chance = np.random.default_rng(7)
    tokens, scores, kinds = _vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(template)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, chance.normal(0.0, 0.3, shape).astype(np.float32))

    def add_norm(name: str) -> None:
        writer.add_tensor(name, np.ones(_WIDTH, dtype=np.float32))

    kv_width = _WIDTH // _HEADS * _KV_HEADS
    add("token_embd.weight", len(tokens), _WIDTH)
    add("output.weight", len(tokens), _WIDTH)
    add_norm("output_norm.weight")
    for layer in range(_LAYERS):
        for name, *shape in (
            ("attn_q", _WIDTH, _WIDTH),
            ("attn_k", kv_width, _WIDTH),
            ("attn_v", kv_width, _WIDTH),
            ("attn_output", _WIDTH, _WIDTH),
            ("ffn_gate", _INNER, _WIDTH),
            ("ffn_up", _INNER, _WIDTH),
            ("ffn_down", _WIDTH, _INNER),
        ):
            add(f"blk.{layer}.{name}.weight", *shape)
        add_norm(f"blk.{layer}.attn_norm.weight")
        add_norm(f"blk.{layer}.ffn_norm.weight")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _vocabulary() -> tuple[list[bytes], list[float], list[int]]:
    """Three marks, every byte, and the printable letters, so that any text can be read and written."""
    import gguf

    marks = [b"<unk>", b"<s>", b"</s>"]
    letters = [letter.encode() for letter in string.printable.strip()] + ["\u2581".encode()]
    tokens = [*marks, *(f"<0x{byte:02X}>".encode() for byte in range(256)), *letters]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL]
    kinds += [gguf.TokenType.BYTE] * 256 + [gguf.TokenType.NORMAL] * len(letters)
    scores = [0.0] * (3 + 256) + [-float(place) for place in range(len(letters))]
    return tokens, scores, [int(kind) for kind in kinds]


if __name__ == "__main__":
    print(write_tiny_gguf(Path(sys.argv[1])))
