#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "wire/blocks.h"
#include "wire/lenient_json.h"
#include "wire/meters.h"
#include "wire/provider_names.h"
#include "wire/text_budget.h"
#include "wire/tools.h"
#include "wire/usage.h"

namespace cofferdam::wire {
namespace {

// Which text of an item a delta belongs to: a kind of event and an index of
// the content or summary it stands in.
enum class Slot { kSummary, kReasoning, kContent, kCall };
using SlotKey = std::pair<Slot, int64_t>;

struct DeltaRow {
  std::string_view event;
  Slot slot;
  std::string_view index_name;
};
constexpr DeltaRow kDeltas[] = {
    {"response.output_text.delta", Slot::kContent, "content_index"},
    {"response.refusal.delta", Slot::kContent, "content_index"},
    {"response.reasoning_summary_text.delta", Slot::kSummary, "summary_index"},
    {"response.reasoning_text.delta", Slot::kReasoning, "content_index"},
    {"response.function_call_arguments.delta", Slot::kCall, ""},
    {"response.mcp_call_arguments.delta", Slot::kCall, ""},
    {"response.custom_tool_call_input.delta", Slot::kCall, ""},
    {"response.code_interpreter_call_code.delta", Slot::kCall, ""},
};

// An item of the output: put together from deltas until it comes whole.
struct Item {
  std::string id;
  std::string type;
  std::string tool;
  std::string call_id;
  std::map<SlotKey, JoinedText> texts;
  bool is_whole = false;
  std::vector<Part> parts;
  int64_t chars = 0;
};

class ResponsesMeter : public Meter {
 public:
  explicit ResponsesMeter(MeterLimits limits)
      : limits_(limits), budget_(limits.text_bytes_max) {}

  void OnEvent(std::string_view event_name, std::string_view data) override {
    if (answer_.ended || data == "[DONE]") return;
    Result<LenientJson> json = ParseLenient(data, Halves::kMark);
    if (!json.ok() || !Read(event_name, *json)) ++answer_.bad_events;
  }

  void OnBody(std::string_view body) override {
    Result<LenientJson> json = ParseLenient(body, Halves::kReplace);
    if (!json.ok()) {
      ++answer_.bad_events;
      return;
    }
    JsonValue root = json->document.root();
    bool is_response = root["output"].is_array();
    bool is_error = root["error"].is_object();
    if (!is_response && !is_error) {
      ++answer_.bad_events;
      return;
    }
    if (is_response) {
      ReadEnd(root);
    } else {
      answer_.error_type = ErrorNameOf(root);
    }
    answer_.ended = true;
  }

  bool ended() const override { return answer_.ended; }

  Answer Finish() override {
    for (auto& [index, item] : items_) {
      if (!item.is_whole) item.parts = PartsOfDeltas(&item);
      for (Part& part : item.parts) answer_.parts.push_back(std::move(part));
      answer_.output_chars += item.chars;
    }
    items_.clear();
    if (answer_.parts.size() > limits_.parts_max) {
      answer_.parts.resize(limits_.parts_max);
      dropped_ = true;
    }
    answer_.output_chars += dropped_chars_;
    answer_.truncated = dropped_ || budget_.truncated();
    return std::move(answer_);
  }

 private:
  // False when the event breaks the protocol.
  bool Read(std::string_view event_name, const LenientJson& json) {
    const JsonDocument& event = json.document;
    std::string_view type = event["type"].StringOrEmpty();
    if (type.empty()) type = event_name;
    if (type.ends_with(".delta")) return ReadDelta(type, event, json.marked);
    if (type == "response.output_item.added") {
      if (!event["item"].is_object()) return false;
      Item* item = ItemOf(event, event["item"]["id"].StringOrEmpty());
      if (item != nullptr) Describe(event["item"], item);
    } else if (type == "response.output_item.done") {
      if (!event["item"].is_object()) return false;
      Complete(ItemOf(event, event["item"]["id"].StringOrEmpty()),
               event["item"]);
    } else if (type == "response.completed" || type == "response.incomplete" ||
               type == "response.failed") {
      ReadEnd(event["response"]);
      if (answer_.stop_reason.empty()) answer_.stop_reason = type.substr(9);
      if (type == "response.failed" && answer_.error_type.empty()) {
        answer_.error_type = "other";
      }
      answer_.ended = true;
    } else if (type == "error") {
      answer_.error_type = ErrorNameOf(event.root());
      if (answer_.error_type.empty()) {
        answer_.error_type = ErrorName(event["code"].StringOrEmpty());
      }
      if (answer_.error_type.empty()) answer_.error_type = "other";
      answer_.ended = true;
    } else {
      if (event["response"].is_object()) ReadNames(event["response"]);
      return !type.empty();
    }
    return true;
  }

  void ReadNames(const JsonValue& response) {
    std::string id = ShortName(response["id"].StringOrEmpty());
    std::string model = ShortName(response["model"].StringOrEmpty());
    if (!id.empty()) answer_.provider_response_id = std::move(id);
    if (!model.empty()) answer_.model = std::move(model);
  }

  // A whole response: the body, or what the last event carries.
  void ReadEnd(const JsonValue& response) {
    ReadNames(response);
    if (auto usage = ResponsesUsage(response["usage"])) {
      answer_.usage = *usage;
      answer_.usage_source = UsageSource::kReported;
      answer_.prompt_reported = true;
    }
    std::string why =
        ErrorName(response["incomplete_details"]["reason"].StringOrEmpty());
    answer_.stop_reason =
        why.empty() ? ErrorName(response["status"].StringOrEmpty()) : why;
    JsonValue error = response["error"];
    if (error.is_object()) {
      std::string_view code = error["code"].StringOrEmpty();
      answer_.error_type =
          code.empty() ? ErrorNameOf(response) : ErrorName(code);
    }
    int64_t index = 0;
    for (const JsonValue& value : response["output"].Elements()) {
      Complete(ItemAt(index++), value);
    }
  }

  // The item that an event is about: by output_index, else by its id, else a
  // new one. Null when there are too many.
  Item* ItemOf(const JsonDocument& event, std::string_view id) {
    if (auto index = event["output_index"].Int()) {
      Item* item = ItemAt(*index);
      if (item != nullptr && item->id.empty()) item->id = ShortName(id);
      return item;
    }
    if (!id.empty()) {
      for (auto& [index, item] : items_) {
        if (item.id == id) return &item;
      }
    }
    int64_t next = items_.empty() ? 0 : items_.rbegin()->first + 1;
    Item* item = ItemAt(next);
    if (item != nullptr) item->id = ShortName(id);
    return item;
  }

  Item* ItemAt(int64_t index) {
    // Far beyond any real one; keeps the next index from overflowing.
    constexpr int64_t kIndexMax = int64_t{1} << 40;
    if (index < 0 || index > kIndexMax) return nullptr;
    auto found = items_.find(index);
    if (found != items_.end()) return &found->second;
    if (texts_ >= limits_.parts_max) {
      dropped_ = true;
      return nullptr;
    }
    ++texts_;
    return &items_[index];
  }

  static void Describe(const JsonValue& value, Item* item) {
    item->type = value["type"].StringOrEmpty();
    item->tool = ShortName(ItemTool(item->type, value["name"].StringOrEmpty()));
    item->call_id = ShortName(value["call_id"].StringOrEmpty());
  }

  void Complete(Item* item, const JsonValue& value) {
    int64_t chars = ItemChars(value);
    if (item == nullptr) {
      dropped_chars_ += chars;
      return;
    }
    if (item->is_whole) return;
    for (const auto& [key, text] : item->texts) budget_.Release(text.bytes());
    item->texts.clear();
    item->is_whole = true;
    item->chars = std::max(item->chars, chars);
    AddItem(value, &item->parts);
    budget_.Admit(&item->parts);
  }

  bool ReadDelta(std::string_view type, const JsonDocument& event,
                 bool marked) {
    const DeltaRow* row =
        std::find_if(std::begin(kDeltas), std::end(kDeltas),
                     [&](const DeltaRow& each) { return each.event == type; });
    if (row == std::end(kDeltas)) return true;  // audio and what is to come
    auto delta = event["delta"].String();
    if (!delta) return false;
    Item* item = ItemOf(event, event["item_id"].StringOrEmpty());
    if (item == nullptr) {
      dropped_chars_ += CountChars(*delta);
      return true;
    }
    if (item->is_whole) return true;
    item->chars += CountChars(*delta);
    SlotKey key{row->slot, 0};
    if (!row->index_name.empty()) {
      key.second = event[row->index_name].Int().value_or(0);
    }
    if (!item->texts.contains(key) && ++texts_ > limits_.parts_max) {
      dropped_ = true;
      return true;
    }
    budget_.Append(*delta, marked, &item->texts[key]);
    return true;
  }

  // What an item says that never came whole.
  static std::vector<Part> PartsOfDeltas(Item* item) {
    std::vector<Part> parts;
    for (auto& [key, joined] : item->texts) {
      std::string text = std::move(joined).Take();
      if (key.first == Slot::kContent) {
        AddWords(PartKind::kText, text, &parts);
      } else if (key.first != Slot::kCall) {
        AddWords(PartKind::kThinking, text, &parts);
      } else {
        bool is_json = item->type != "custom_tool_call" &&
                       item->type != "code_interpreter_call";
        std::vector<Part> call =
            (is_json ? PartsOfJsonText : PartsOfFreeformCall)(
                item->tool, item->call_id, text);
        std::move(call.begin(), call.end(), std::back_inserter(parts));
      }
    }
    return parts;
  }

  MeterLimits limits_;
  TextBudget budget_;
  Answer answer_;
  std::map<int64_t, Item> items_;
  // Items and texts of deltas made so far: what parts_max bounds before parts
  // are known.
  size_t texts_ = 0;
  bool dropped_ = false;
  int64_t dropped_chars_ = 0;
};

}  // namespace

std::unique_ptr<Meter> MakeResponsesMeter(MeterLimits limits) {
  return std::make_unique<ResponsesMeter>(limits);
}

}  // namespace cofferdam::wire
