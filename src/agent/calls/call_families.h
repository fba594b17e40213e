#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/calls/mended_json.h"
#include "agent/engine.h"

namespace cofferdam::agent {

// One call that a model printed as text.
struct PrintedCall {
  RawCall raw;
  std::vector<std::string> mends;
  // Why its words cannot be read as a call; empty: they can.
  std::string problem;
};

// One or more calls that stand together, from a marker (or from the calls'
// own first character) to the end of the last.
struct PrintedGroup {
  size_t end = 0;
  std::vector<PrintedCall> calls;
  // No marker says that this is a call: it has to match a tool exactly.
  bool bare = false;
};

// Reads what stands at `place` of `text` if it begins with a marker of a known
// family: Hermes, Qwen, Qwen-Coder, GLM, Granite, Phi (<tool_call>, with JSON,
// <function=…>, or <arg_key>), Mistral ([TOOL_CALLS]), Harmony
// (to=functions.…), Llama (<|python_tag|>, <|python_start|>), LFM, DeepSeek,
// Kimi, MiniMax, Seed, Command R, InternLM, Phi's functools, and XML with
// <invoke name=…>. None: no marker.
std::optional<PrintedGroup> ReadMarkedCalls(std::string_view text, size_t place,
                                            Ending ending);

// Reads calls without a marker: an object with name and arguments, or a list of
// such, whatever it names; a call or a list of calls in Python's form, or XML,
// that names one of `tools`. None: it is no such thing. Adds to `looked_at` how
// many bytes it may have read, also for nothing.
std::optional<PrintedGroup> ReadBareCalls(std::string_view text, size_t place,
                                          std::span<const ToolSpec> tools,
                                          size_t* looked_at);

// Whether `text` begins with `name` and an opening bracket.
bool BeginsPythonCall(std::string_view text, std::string_view name);

// Whether `text` holds words with which markers of calls begin, or their like.
bool HasTraceOfCall(std::string_view text);

// Bytes of a token that ends an answer, if one stands at `place` ("</s>",
// "<|im_end|>" …); else 0.
size_t EndTokenBytes(std::string_view text, size_t place);

}  // namespace cofferdam::agent
