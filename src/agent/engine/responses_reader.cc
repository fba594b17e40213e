#include <algorithm>
#include <string>

#include "agent/engine/answer_reader.h"
#include "agent/engine/fault_reader.h"
#include "wire/usage.h"

namespace cofferdam::agent {
namespace {

class ResponsesReader : public AnswerReader {
 public:
  explicit ResponsesReader(AnswerListener& listener) : AnswerReader(listener) {}

 private:
  void ReadEvent(std::string_view name, const JsonValue& event,
                 bool marked) override {
    std::string_view type = event["type"].StringOrEmpty();
    if (type.empty()) type = name;
    if (type == "response.output_text.delta" ||
        type == "response.refusal.delta") {
      builder_.AddText(event["delta"].StringOrEmpty(), marked);
    } else if (type == "response.reasoning_text.delta" ||
               type == "response.reasoning_summary_text.delta" ||
               type == "response.reasoning.delta") {
      builder_.AddThinking(event["delta"].StringOrEmpty(), marked);
    } else if (type == "response.output_item.added") {
      ReadItem(event, event["item"], Item::kBegun, marked);
    } else if (type == "response.output_item.done") {
      ReadItem(event, event["item"], Item::kWhole, marked);
    } else if (type == "response.function_call_arguments.delta") {
      if (CallDraft* call = CallOf(event)) {
        builder_.AddArguments(*call, event["delta"].StringOrEmpty(), marked);
      }
    } else if (type == "response.function_call_arguments.done") {
      if (CallDraft* call = CallOf(event)) Complete(event, call);
    } else if (event["response"].is_object()) {
      ReadResponse(type, event["response"], marked);
    }
  }

  void ReadWhole(const JsonValue& body, bool marked) override {
    if (!body["output"].is_array()) {
      builder_.Fail({.kind = EngineFault::Kind::kBadAnswer,
                     .message = "the answer has no output"});
      return;
    }
    ReadResponse("response.completed", body, marked);
  }

  enum class Item { kBegun, kWhole };

  void ReadResponse(std::string_view type, const JsonValue& response,
                    bool marked) {
    EngineAnswer& answer = builder_.answer();
    if (answer.response_id.empty()) {
      answer.response_id = response["id"].StringOrEmpty();
    }
    if (const auto model = response["model"].StringOrEmpty(); !model.empty()) {
      answer.model = model;
    }
    if (const auto usage = wire::ResponsesUsage(response["usage"])) {
      answer.usage = *usage;
      answer.usage_source = wire::UsageSource::kReported;
    }
    const std::string_view status = response["status"].StringOrEmpty();
    if (type == "response.failed" || status == "failed") {
      builder_.Fail(FaultInStream(response));
      return;
    }
    if (type != "response.completed" && type != "response.incomplete" &&
        type != "response.done") {
      return;
    }
    ReadOutput(response["output"], marked);
    const std::string_view reason =
        response["incomplete_details"]["reason"].StringOrEmpty();
    answer.finish = reason == "content_filter" ? Finish::kFiltered
                    : !reason.empty() || status == "incomplete"
                        ? Finish::kLength
                    : builder_.calls().empty() ? Finish::kStop
                                               : Finish::kToolCalls;
    builder_.set_done();
  }

  // The whole output, for what no event brought before.
  void ReadOutput(const JsonValue& output, bool marked) {
    const bool has_text = !builder_.text().empty();
    const bool has_thinking = !builder_.thinking().empty();
    int64_t index = -1;
    for (const JsonValue& item : output.Elements()) {
      ++index;
      const std::string_view type = item["type"].StringOrEmpty();
      if (type == "function_call") {
        ReadCall(item, index, Item::kWhole);
      } else if (type == "reasoning" && !has_thinking) {
        ReadReasoning(item, marked);
      } else if (type == "message" && !has_text) {
        ReadText(item, marked);
      }
    }
  }

  void ReadItem(const JsonValue& event, const JsonValue& item, Item state,
                bool marked) {
    const std::string_view type = item["type"].StringOrEmpty();
    if (type == "function_call") {
      ReadCall(item, event["output_index"].Int(), state);
      return;
    }
    if (state == Item::kBegun) return;
    // An item that came without deltas.
    if (type == "message" && builder_.text().empty()) ReadText(item, marked);
    if (type == "reasoning" && builder_.thinking().empty()) {
      ReadReasoning(item, marked);
    }
  }

  void ReadText(const JsonValue& item, bool marked) {
    builder_.AddText(item["content"].StringOrEmpty(), marked);
    for (const JsonValue& part : item["content"].Elements()) {
      builder_.AddText(part["text"].StringOrEmpty(), marked);
      builder_.AddText(part["refusal"].StringOrEmpty(), marked);
    }
  }

  void ReadReasoning(const JsonValue& item, bool marked) {
    const auto parts = item["content"].Elements();
    for (const JsonValue& part :
         parts.empty() ? item["summary"].Elements() : parts) {
      builder_.AddThinking(part["text"].StringOrEmpty(), marked);
    }
  }

  void ReadCall(const JsonValue& item, std::optional<int64_t> index,
                Item state) {
    CallDraft* call = Find(item["id"].StringOrEmpty(),
                           item["call_id"].StringOrEmpty(), index);
    if (call == nullptr) {
      call = builder_.BeginCall(item["name"].StringOrEmpty());
      if (call == nullptr) return;
      call->item = item["id"].StringOrEmpty();
      call->index = index;
    }
    if (const auto id = item["call_id"].StringOrEmpty(); !id.empty()) {
      call->id = id;
    }
    if (state == Item::kWhole || call->arguments.text().empty()) {
      Complete(item, call);
    }
  }

  // Takes over what a whole item says; nothing where it says nothing.
  void Complete(const JsonValue& item, CallDraft* call) {
    if (const auto name = item["name"].StringOrEmpty(); !name.empty()) {
      call->name = name;
    }
    const JsonValue arguments = item["arguments"];
    if (arguments.is_object()) {
      builder_.SetArguments(*call, JsonWriter().Value(arguments).text());
      call->is_object = true;
    } else if (const auto text = arguments.StringOrEmpty(); !text.empty()) {
      PiecedText joined;
      joined.Append(text, true);
      joined.End();
      builder_.SetArguments(*call, joined.text());
    }
  }

  CallDraft* CallOf(const JsonValue& event) {
    CallDraft* call =
        Find(event["item_id"].StringOrEmpty(), event["call_id"].StringOrEmpty(),
             event["output_index"].Int());
    if (call != nullptr) return call;
    auto& calls = builder_.calls();
    // An event that does not say which means the last.
    const bool says =
        event["item_id"].is_string() || event["output_index"].Int().has_value();
    if (!says && !calls.empty()) return &calls.back();
    // Arguments of an item that was never announced.
    call = builder_.BeginCall(event["name"].StringOrEmpty());
    if (call != nullptr) {
      call->item = event["item_id"].StringOrEmpty();
      call->index = event["output_index"].Int();
    }
    return call;
  }

  CallDraft* Find(std::string_view item, std::string_view call_id,
                  std::optional<int64_t> index) {
    auto& calls = builder_.calls();
    const auto find = [&](const auto& is) -> CallDraft* {
      const auto at = std::find_if(calls.begin(), calls.end(), is);
      return at == calls.end() ? nullptr : &*at;
    };
    if (!item.empty()) {
      if (CallDraft* call = find(
              [&](const CallDraft& known) { return known.item == item; })) {
        return call;
      }
    }
    if (!call_id.empty()) {
      if (CallDraft* call = find(
              [&](const CallDraft& known) { return known.id == call_id; })) {
        return call;
      }
    }
    if (!index) return nullptr;
    return find([&](const CallDraft& known) {
      return known.index == index &&
             (known.item.empty() || item.empty() || known.item == item) &&
             (known.id.empty() || call_id.empty() || known.id == call_id);
    });
  }
};

}  // namespace

std::unique_ptr<AnswerReader> MakeResponsesReader(AnswerListener& listener) {
  return std::make_unique<ResponsesReader>(listener);
}

}  // namespace cofferdam::agent
