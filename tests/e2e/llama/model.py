"""Writes a GGUF model with random weights: architecture phi2, a token for each
byte, a chat template with tools. It knows nothing; the biases of its output
make it write small letters, for ever or until it ends, by chance."""

import math
import pathlib
import random
import struct
from typing import Any, BinaryIO, Dict, List, Optional, Tuple

WIDTH, HEADS, LAYERS, HIDDEN = 32, 4, 1, 64
CONTEXT_TRAINED = 1 << 17
ALIGNMENT = 32
SEED = 20261121

# GGUF's numbers for types of values.
_U32, _F32, _BOOL, _STRING, _ARRAY, _I32 = 4, 6, 7, 8, 9, 5
_NORMAL, _CONTROL = 1, 3
_SPECIAL = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
END = 257

# Roles between marks; tools as JSON in the first message; calls between tags,
# as the Hermes family has it.
TEMPLATE = """\
{%- if tools %}
{{- '<|im_start|>system\\n' }}
{%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}\
{%- endif %}
{{- '# Tools\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}
{{- '\\n</tools>\\nCall them as <tool_call>\\n{"name": "the name", \
"arguments": {}}\\n</tool_call><|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'system' %}
{%- elif message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + \
'\\n</tool_response><|im_end|>\\n' }}
{%- else %}
{{- '<|im_start|>' + message.role + '\\n' + (message.content or '') }}
{%- for call in message.tool_calls or [] %}
{{- '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' + \
(call.function.arguments | tojson) + '}\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
"""


def byte_tokens() -> List[str]:
    """The 256 bytes as GPT-2 writes them: those that print stand for
    themselves, the others for characters from U+0100 on."""
    plain = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    moved = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) if byte in plain else chr(0x100 + moved.index(byte))
            for byte in range(256)]


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", _BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", _U32, value)
    if isinstance(value, float):
        return struct.pack("<If", _F32, value)
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _string(value)
    of_strings = not value or isinstance(value[0], str)
    head = struct.pack("<IIQ", _ARRAY, _STRING if of_strings else _I32,
                       len(value))
    return head + b"".join(
        _string(one) if of_strings else struct.pack("<i", one)
        for one in value)


def _metadata() -> Dict[str, Any]:
    tokens = [*byte_tokens(), *_SPECIAL]
    kinds = [_NORMAL] * 256 + [_CONTROL] * len(_SPECIAL)
    return {
        "general.architecture": "phi2",
        "general.name": "random",
        "phi2.context_length": CONTEXT_TRAINED,
        "phi2.embedding_length": WIDTH,
        "phi2.feed_forward_length": HIDDEN,
        "phi2.block_count": LAYERS,
        "phi2.attention.head_count": HEADS,
        "phi2.attention.head_count_kv": HEADS,
        "phi2.attention.layer_norm_epsilon": 1e-5,
        "phi2.rope.dimension_count": WIDTH // HEADS,
        "general.file_type": 0,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": kinds,
        # One that never applies: a list of none is refused.
        "tokenizer.ggml.merges": ["\u0100 \u0100"],
        "tokenizer.ggml.bos_token_id": 258,
        "tokenizer.ggml.eos_token_id": END,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.chat_template": TEMPLATE,
    }


def _biases(tokens_mean: Optional[int]) -> List[float]:
    """Small letters are equally likely, all else is not; the end as often as
    answers of that many tokens need."""
    biases = [-60.0] * (256 + len(_SPECIAL))
    letters = b"abcdefghijklmnopqrstuvwxyz "
    for token in letters:
        biases[token] = 0.0
    if tokens_mean is not None:
        biases[END] = math.log(len(letters) / tokens_mean)
    return biases


def _tensors(tokens_mean: Optional[int]
             ) -> List[Tuple[str, Tuple[int, ...], List[float]]]:
    """Names, shapes (fastest dimension first) and values."""
    source = random.Random(SEED)
    vocabulary = 256 + len(_SPECIAL)

    def some(*shape: int,
             spread: float = 0.3) -> Tuple[Tuple[int, ...], List[float]]:
        count = 1
        for size in shape:
            count *= size
        return shape, [source.gauss(0, spread) for _ in range(count)]

    def all_of(value: float, size: int) -> Tuple[Tuple[int, ...], List[float]]:
        return (size,), [value] * size

    rows = [("token_embd.weight", *some(WIDTH, vocabulary)),
            ("output_norm.weight", *all_of(1, WIDTH)),
            ("output_norm.bias", *all_of(0, WIDTH)),
            ("output.weight", *some(WIDTH, vocabulary, spread=0.05)),
            ("output.bias", (vocabulary,), _biases(tokens_mean))]
    for layer in range(LAYERS):
        at = f"blk.{layer}."
        for name, shape in (("attn_qkv", (WIDTH, 3 * WIDTH)),
                            ("attn_output", (WIDTH, WIDTH)),
                            ("ffn_up", (WIDTH, HIDDEN)),
                            ("ffn_down", (HIDDEN, WIDTH))):
            rows.append((f"{at}{name}.weight", *some(*shape)))
            rows.append((f"{at}{name}.bias", *all_of(0, shape[1])))
        rows.append((f"{at}attn_norm.weight", *all_of(1, WIDTH)))
        rows.append((f"{at}attn_norm.bias", *all_of(0, WIDTH)))
    return rows


def _pad(out: BinaryIO) -> None:
    out.write(b"\0" * (-out.tell() % ALIGNMENT))


def write(path: pathlib.Path, tokens_mean: Optional[int]) -> None:
    """Answers have `tokens_mean` tokens by and large; None: they never end."""
    metadata, tensors = _metadata(), _tensors(tokens_mean)
    with open(path, "wb") as out:
        out.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors),
                                        len(metadata)))
        for key, value in metadata.items():
            out.write(_string(key) + _value(value))
        offset = 0
        for name, shape, values in tensors:
            out.write(_string(name) + struct.pack("<I", len(shape)))
            out.write(struct.pack(f"<{len(shape)}Q", *shape))
            out.write(struct.pack("<IQ", 0, offset))
            offset += 4 * len(values)
            offset += -offset % ALIGNMENT
        _pad(out)
        for _, _, values in tensors:
            out.write(struct.pack(f"<{len(values)}f", *values))
            _pad(out)
