"""The protocols as a plain client speaks them: the smallest request of each,
and what an answer says."""

import dataclasses
import json
import ssl
from typing import Any, Dict, List, Optional

from plain_http import Answer, Client, ask, events

PROMPT = "What lies behind the seventeenth sluice of Zwolle?"


@dataclasses.dataclass(frozen=True)
class Dialect:
    """`array`: Gemini's stream as one JSON array instead of SSE."""
    name: str
    provider: str
    model: str
    array: bool = False

    def __str__(self) -> str:
        return self.name

    def target(self, stream: bool = True) -> str:
        if self.provider == "gemini":
            how = "streamGenerateContent" if stream else "generateContent"
            sse = "?alt=sse" if stream and not self.array else ""
            return f"/v1beta/models/{self.model}:{how}{sse}"
        return {"anthropic": "/v1/messages", "openai": "/v1/responses",
                "chat": "/v1/chat/completions"}[self.provider]

    def request(self, stream: bool = True, prompt: str = PROMPT,
                **more) -> Dict[str, Any]:
        """The body; Gemini's says nothing of model and streaming."""
        message = {"role": "user", "content": prompt}
        if self.provider == "gemini":
            return {"contents": [{"role": "user",
                                  "parts": [{"text": prompt}]}], **more}
        head = {"model": self.model, "stream": stream}
        if self.provider == "openai":
            return {**head, "input": prompt, **more}
        if self.provider == "chat":
            return {**head, "messages": [message], **more}
        return {**head, "max_tokens": 100, "messages": [message], **more}

    def with_results(self, count: int) -> Dict[str, Any]:
        """What a body holds whose tools have answered `count` times."""
        if self.provider == "gemini":
            part = {"functionResponse": {"name": "a", "response": {}}}
            return {"contents": [{"role": "user", "parts": [part] * count}],
                    "tools": [{"functionDeclarations": [{"name": "a"}]}]}
        tools = {"tools": [{"name": "a", "input_schema": {}}]}
        if self.provider == "openai":
            item = {"type": "function_call_output", "call_id": "a",
                    "output": ""}
            return {**tools, "input": [item] * count}
        if self.provider == "chat":
            item = {"role": "tool", "tool_call_id": "a", "content": ""}
            return {**tools, "messages": [item] * count}
        block = {"type": "tool_result", "tool_use_id": "a", "content": "ok"}
        return {**tools, "messages": [{"role": "user",
                                       "content": [block] * count}]}

    def ask(self, url: str, stream: bool = True,
            headers: Optional[Dict[str, str]] = None,
            tls: Optional[ssl.SSLContext] = None, **more) -> Answer:
        """The answer of the server at `url`."""
        return ask(url, self.target(stream), self.request(stream, **more),
                   headers=headers, tls=tls)

    def send(self, client: Client, headers: Optional[Dict[str, str]] = None,
             **more) -> None:
        """Sends a streaming request; its answer is the caller's to read."""
        client.send("POST", self.target(),
                    {"Content-Type": "application/json", **(headers or {})},
                    json.dumps(self.request(**more)).encode())

    def frames(self, body: bytes) -> List[Any]:
        """The data of a stream's frames, as far as it is whole."""
        if not self.array:
            return [data for _, data in events(body)]
        try:
            return json.loads(body)
        except ValueError:
            return json.loads(body.rpartition(b",\r\n")[0] + b"]")

    def said(self, body: bytes) -> str:
        """The text of a streamed answer, put together from its deltas."""
        return "".join(self._text(data) for data in self.frames(body))

    def said_whole(self, body: bytes) -> str:
        """The text of an answer that came as one object."""
        answer = json.loads(body)
        if self.provider == "gemini":
            return self._text(answer)
        if self.provider == "chat":
            return answer["choices"][0]["message"]["content"] or ""
        if self.provider == "openai":
            return "".join(c["text"] for item in answer["output"]
                           for c in item.get("content", []))
        return "".join(b.get("text", "") for b in answer["content"])

    def _text(self, data: Any) -> str:
        if self.provider == "anthropic":
            return data.get("delta", {}).get("text", "")
        if self.provider == "openai":
            return (data["delta"] if data["type"]
                    == "response.output_text.delta" else "")
        if self.provider == "chat":
            choices = [] if data == "[DONE]" else data.get("choices", [])
            return "".join(c["delta"].get("content") or "" for c in choices)
        return "".join(part.get("text", "")
                       for one in data.get("candidates", [])
                       for part in one["content"]["parts"]
                       if not part.get("thought"))

    def finished(self, body: bytes) -> bool:
        """True when the answer came to the protocol's own end."""
        if not body:
            return False
        last = self.frames(body)[-1]
        if self.provider == "gemini":
            return "finishReason" in last.get("candidates", [{}])[0]
        if self.provider == "chat":
            return last == "[DONE]"
        return last["type"] in ("message_stop", "response.completed")

    def error_message(self, data: Any) -> str:
        """Of an error's body or of an error in the middle of a stream."""
        if isinstance(data, list):
            data = data[0]
        return (data.get("response") or data)["error"]["message"]


ANTHROPIC = Dialect("anthropic", "anthropic", "claude-sonnet-4-5")
OPENAI = Dialect("openai", "openai", "gpt-5.5")
CHAT = Dialect("chat", "chat", "m1")
GEMINI = Dialect("gemini", "gemini", "gemini-2.5-flash")
GEMINI_ARRAY = dataclasses.replace(GEMINI, name="gemini-array", array=True)
ALL = [ANTHROPIC, OPENAI, CHAT, GEMINI, GEMINI_ARRAY]
