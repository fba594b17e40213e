"""What one request asks for, whichever protocol it speaks."""

import base64
import dataclasses
import hashlib
from typing import Any, Dict


@dataclasses.dataclass
class Asked:
    """`operation`: "answer" or "count". `array`: Gemini's stream as one JSON
    array instead of SSE. `body` is the parsed request."""
    protocol: str
    operation: str
    model: str = "unknown"
    stream: bool = False
    array: bool = False
    body: Dict[str, Any] = dataclasses.field(default_factory=dict)
    body_bytes: int = 0

    def input_tokens(self) -> int:
        return max(1, self.body_bytes // 4)


def opaque(*words: Any) -> str:
    """A blob as providers make them for reasoning: base64, with + / and = in
    it, the same for the same words. Who changes it has changed it visibly."""
    seed = "/".join(map(str, words)).encode()
    blob = b"".join(hashlib.sha512(seed + bytes([n])).digest()
                    for n in range(3))
    return base64.b64encode(blob + b"\xfb\xff\xbf\xfe").decode()
