#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "agent/engine/answer_reader.h"
#include "wire/chat_message.h"
#include "wire/usage.h"

namespace cofferdam::agent {
namespace {

Finish FinishOf(std::string_view reason) {
  struct Row {
    std::string_view name;
    Finish finish;
  };
  static constexpr Row kRows[] = {
      {"stop", Finish::kStop},
      {"eos", Finish::kStop},
      {"eos_token", Finish::kStop},
      {"end_turn", Finish::kStop},
      {"stop_sequence", Finish::kStop},
      {"tool_calls", Finish::kToolCalls},
      {"tool_call", Finish::kToolCalls},
      {"tool_use", Finish::kToolCalls},
      {"function_call", Finish::kToolCalls},
      {"length", Finish::kLength},
      {"max_tokens", Finish::kLength},
      {"content_filter", Finish::kFiltered},
  };
  const auto* row = std::find_if(
      std::begin(kRows), std::end(kRows),
      [&](const Row& candidate) { return candidate.name == reason; });
  return row == std::end(kRows) ? Finish::kUnknown : row->finish;
}

// Whether a message comes in pieces or is one whole.
enum class Come { kPiece, kWhole };

class ChatReader : public AnswerReader {
 public:
  explicit ChatReader(AnswerListener& listener) : AnswerReader(listener) {}

 private:
  void ReadEvent(std::string_view, const JsonValue& event,
                 bool marked) override {
    ReadFrame(event);
    for (const JsonValue& choice : event["choices"].Elements()) {
      if (choice["index"].Int().value_or(0) != 0) continue;
      const JsonValue delta = choice["delta"];
      if (delta.is_object()) {
        ReadMessage(delta, Come::kPiece, marked);
        heard_ = true;
      } else if (!heard_) {
        // Some send one whole message as their only chunk.
        ReadMessage(choice["message"], Come::kWhole, marked);
      }
      ReadEnd(choice);
    }
    // Ollama's and llama.cpp's own streams, and proxies of them, say so here.
    if (event["done"].Bool() == true) builder_.set_ended();
  }

  void ReadWhole(const JsonValue& body, bool marked) override {
    if (!body["choices"].is_array()) {
      builder_.Fail({.kind = EngineFault::Kind::kBadAnswer,
                     .message = "the answer has no choices"});
      return;
    }
    ReadFrame(body);
    const JsonValue choice = body["choices"].At(0);
    ReadMessage(choice["message"], Come::kWhole, marked);
    ReadEnd(choice);
  }

  void ReadFrame(const JsonValue& event) {
    EngineAnswer& answer = builder_.answer();
    if (answer.response_id.empty()) {
      answer.response_id = event["id"].StringOrEmpty();
    }
    if (const auto model = event["model"].StringOrEmpty(); !model.empty()) {
      answer.model = model;
    }
    ReadUsage(event["usage"]);
    ReadUsage(event["x_groq"]["usage"]);
    ReadTimings(event["timings"]);
    // It comes when all has been said.
    if (event["choices"].is_array() && event["choices"].Elements().empty() &&
        event["usage"].is_object()) {
      builder_.set_ended();
    }
  }

  void ReadUsage(const JsonValue& reported) {
    const auto usage = wire::ChatUsage(reported);
    if (!usage) return;
    EngineAnswer& answer = builder_.answer();
    answer.usage = *usage;
    answer.usage_source = wire::UsageSource::kReported;
    TakeCached();
  }

  // llama.cpp's own counts: `cache_n` tokens of the prompt were there already,
  // `prompt_n` were read, `predicted_n` were written.
  void ReadTimings(const JsonValue& timings) {
    const auto read = wire::TokenCount(timings["prompt_n"]);
    if (!read) return;
    cached_ = wire::TokenCount(timings["cache_n"]).value_or(0);
    EngineAnswer& answer = builder_.answer();
    if (answer.usage_source == wire::UsageSource::kNone) {
      answer.usage.input_tokens = *read + cached_;
      answer.usage.output_tokens =
          wire::TokenCount(timings["predicted_n"]).value_or(0);
      answer.usage_source = wire::UsageSource::kReported;
    }
    TakeCached();
  }

  // Where the usage leaves out what the timings say.
  void TakeCached() {
    wire::Usage& usage = builder_.answer().usage;
    if (usage.cache_read_tokens != 0) return;
    usage.cache_read_tokens = std::min(cached_, usage.input_tokens);
    usage.input_tokens -= usage.cache_read_tokens;
  }

  void ReadEnd(const JsonValue& choice) {
    ReadUsage(choice["usage"]);
    const std::string_view reason = choice["finish_reason"].StringOrEmpty();
    if (reason.empty()) return;
    if (reason == "abort" || reason == "aborted" || reason == "error") {
      builder_.Fail({.kind = EngineFault::Kind::kDropped,
                     .message = fmt::format(
                         "the engine gave the answer up ({})", reason)});
    }
    builder_.answer().finish = FinishOf(reason);
    builder_.set_ended();
  }

  void ReadMessage(const JsonValue& message, Come come, bool marked) {
    wire::ForEachChatText(message,
                          [&](wire::ChatSlot slot, std::string_view piece) {
                            if (slot == wire::ChatSlot::kReasoning) {
                              builder_.AddThinking(piece, marked);
                            } else {
                              builder_.AddText(piece, marked);
                            }
                          });
    for (const JsonValue& call : message["tool_calls"].Elements()) {
      ReadCall(call, come, marked);
    }
    if (const JsonValue older = message["function_call"]; older.is_object()) {
      ReadCall(older, come, marked);
    }
  }

  void ReadCall(const JsonValue& value, Come come, bool marked) {
    const wire::ChatCall piece = wire::ReadChatCall(value);
    const std::optional<int64_t> index = value["index"].Int();
    CallDraft* call = come == Come::kWhole ? nullptr : Continued(piece, index);
    if (call == nullptr) {
      call = builder_.BeginCall(piece.tool);
      if (call == nullptr) return;
      call->index = index;
      call->id = piece.id;
    } else {
      Continue(piece, call);
    }
    if (piece.object.present()) {
      builder_.SetArguments(*call, JsonWriter().Value(piece.object).text());
      call->is_object = true;
    } else {
      builder_.AddArguments(*call, piece.text, marked);
    }
  }

  // The call that a piece goes on with; null: it begins one.
  CallDraft* Continued(const wire::ChatCall& piece,
                       std::optional<int64_t> index) {
    auto& calls = builder_.calls();
    if (calls.empty()) return nullptr;
    if (!index) return ContinuedWithoutIndex(piece);
    const auto at = std::find_if(
        calls.rbegin(), calls.rend(),
        [&](const CallDraft& call) { return call.index == index; });
    if (at == calls.rend()) return nullptr;
    // Some number every call 0, others make up an id for each piece: a new id
    // begins a call where the old one is whole, or has another name.
    const bool other_id =
        !piece.id.empty() && !at->id.empty() && piece.id != at->id;
    const bool other_name =
        !piece.tool.empty() && !piece.tool.starts_with(at->name);
    if (piece.object.present() && (at->is_object || at->IsWhole())) {
      return nullptr;
    }
    if (other_id && (other_name || at->IsWhole())) return nullptr;
    // A name with arguments that open anew, where those so far are closed.
    const size_t first = piece.text.find_first_not_of(" \t\r\n");
    const bool says_more =
        first != std::string_view::npos && piece.text[first] == '{';
    if (!piece.tool.empty() && (other_name || says_more) && at->IsWhole()) {
      return nullptr;
    }
    return &*at;
  }

  CallDraft* ContinuedWithoutIndex(const wire::ChatCall& piece) {
    auto& calls = builder_.calls();
    CallDraft& last = calls.back();
    if (!piece.id.empty()) {
      const auto at = std::find_if(
          calls.begin(), calls.end(),
          [&](const CallDraft& call) { return call.id == piece.id; });
      // A second object under the same id is a second call.
      if (at != calls.end()) {
        return at->is_object && piece.object.present() ? nullptr : &*at;
      }
      if (!last.id.empty()) return nullptr;
    }
    if (piece.object.present()) return nullptr;
    if (piece.tool.empty()) return &last;
    // A name again, where the call is not whole: repeated with each piece.
    const bool repeats = piece.tool == last.name &&
                         !last.arguments.text().empty() && !last.IsWhole();
    return repeats ? &last : nullptr;
  }

  // A name may come again with each piece, grow, or come in pieces.
  static void Continue(const wire::ChatCall& piece, CallDraft* call) {
    if (call->id.empty()) call->id = piece.id;
    if (piece.tool.starts_with(call->name)) {
      call->name = piece.tool;
    } else if (call->arguments.text().empty()) {
      call->name += piece.tool;
    }
  }

  bool heard_ = false;
  int64_t cached_ = 0;
};

}  // namespace

std::unique_ptr<AnswerReader> MakeChatReader(AnswerListener& listener) {
  return std::make_unique<ChatReader>(listener);
}

}  // namespace cofferdam::agent
