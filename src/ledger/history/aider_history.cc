#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

#include "ledger/history/history_reader_internal.h"
#include "wire/blocks.h"

// aider: a transcript in Markdown. The user's lines begin with "#### ", what
// aider says itself with "> ", both end in two spaces; all else after one of
// the user's is the model's, up to aider's "> Tokens:". Nothing has an id.
namespace cofferdam::ledger {
namespace {

constexpr std::string_view kSession = "# aider chat started at ";

bool EndsOwnLine(std::string_view line) { return line.ends_with("  "); }

// "anthropic" of "anthropic/claude-…"; else by the names of the models that
// aider itself knows by that.
std::string ProviderOf(std::string_view model) {
  const size_t slash = model.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view named = model.substr(0, slash);
    if (named == "gemini" || named == "vertex_ai") return "google";
    return std::string(named);
  }
  if (model.starts_with("claude")) return "anthropic";
  if (model.starts_with("gemini")) return "google";
  for (std::string_view own : {"gpt-", "o1", "o3", "o4", "chatgpt-"}) {
    if (model.starts_with(own)) return "openai";
  }
  return "";
}

// As its provider calls it: aider puts the provider's name before it.
std::string ModelOf(std::string_view model) {
  const size_t slash = model.find('/');
  return std::string(slash == std::string_view::npos ? model
                                                     : model.substr(slash + 1));
}

// "2.4k" and "1.1M" are rounded by aider.
int64_t RoundedCount(std::string_view text) {
  const size_t end =
      std::min(text.find_first_not_of("0123456789."), text.size());
  const double value =
      std::strtod(std::string(text.substr(0, end)).c_str(), nullptr);
  if (!(value >= 0 && value < 1e9)) return 0;
  const char unit = end < text.size() ? text[end] : ' ';
  return std::llround(value * (unit == 'k' ? 1e3 : unit == 'M' ? 1e6 : 1));
}

class AiderReader : public HistoryReader {
 public:
  explicit AiderReader(const HistorySource& source) : cwd_(source.cwd) {}

  void Resume(std::string_view context) override {
    const auto json = JsonDocument::Parse(context);
    if (!json.ok()) return;
    known_.session = (*json)["session"].StringOrEmpty();
    known_.model = (*json)["model"].StringOrEmpty();
    known_.tool_version = (*json)["version"].StringOrEmpty();
    known_.turn = (*json)["turn"].Int().value_or(0);
    known_.time_micros = (*json)["time"].Int().value_or(0);
    speaks_ = (*json)["speaks"].Bool().value_or(false) ? Speaker::kModel
                                                       : Speaker::kAider;
  }

  bool WantsBlankLines() const override { return true; }

  void Remember(std::string_view line) override {
    if (line.starts_with("####")) given().Add(line.substr(4));
  }

  void Take(const Line& line) override {
    if (!IsUtf8(line.text) || line.text.find('\0') != std::string_view::npos) {
      return Note(line.number, "is not text");
    }
    std::string_view text = line.text;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.starts_with(kSession)) {
      BeginSession(text.substr(kSession.size()));
    } else if (text.starts_with("####") && EndsOwnLine(text)) {
      Close();
      given().Add(text.substr(4));
      speaks_ = Speaker::kUser;
      PassOver();
    } else if (text.starts_with("> ") && EndsOwnLine(text)) {
      TakeOwn(text.substr(2));
    } else {
      TakeOther(text, line);
    }
  }

  void Finish(End end, const Line& next) override {
    const bool waits = !text_.empty();
    if (waits && end == End::kSettled) Close();
    const bool held = waits && end == End::kMayGrow;
    JsonWriter context;
    context.BeginObject()
        .FieldIfSet("session", known_.session)
        .FieldIfSet("model", known_.model)
        .FieldIfSet("version", known_.tool_version)
        .Field("turn", known_.turn)
        .Field("time", known_.time_micros)
        .Field("speaks", speaks_ != Speaker::kAider || held)
        .EndObject();
    SetResume({held ? offset_ : next.offset, held ? line_ : next.number,
               std::move(context).Take()},
              held);
  }

 private:
  // Who spoke last: an empty line decides what follows.
  enum class Speaker { kAider, kAiderPaused, kUser, kModel };

  // The machine's local time, as aider writes it; the session is named by it.
  void BeginSession(std::string_view text) {
    Close();
    PassOver();
    while (text.ends_with(' ')) text.remove_suffix(1);
    known_ = {};
    known_.session = "aider " + std::string(text) + " " + cwd_;
    speaks_ = Speaker::kAider;
    std::tm local{};
    const std::string copy(text);
    if (strptime(copy.c_str(), "%Y-%m-%d %H:%M:%S", &local) == nullptr) return;
    local.tm_isdst = -1;
    const std::time_t seconds = std::mktime(&local);
    if (seconds > 0) known_.time_micros = int64_t{seconds} * 1'000'000;
  }

  void TakeOwn(std::string_view words) {
    constexpr std::string_view kTokens = "Tokens: ";
    PassOver();
    if (words.starts_with(kTokens)) {
      ReadTokens(words.substr(kTokens.size()));
    }
    Close();
    speaks_ = Speaker::kAider;
    if (words.starts_with("Aider v")) {
      known_.tool_version = words.substr(7, words.find(' ', 7) - 7);
    }
    for (std::string_view name : {"Main model: ", "Model: ", "Models: "}) {
      if (!words.starts_with(name)) continue;
      words.remove_prefix(name.size());
      known_.model = words.substr(0, words.find_first_of(" ,"));
    }
  }

  // The model's, unless it goes on with what aider printed.
  void TakeOther(std::string_view text, const Line& line) {
    const bool blank = text.find_first_not_of(" \t") == std::string_view::npos;
    if (speaks_ == Speaker::kAider) {
      if (blank) speaks_ = Speaker::kAiderPaused;
      return PassOver();
    }
    if (known_.session.empty()) {
      return Note(line.number, "stands before the first session's head");
    }
    if (blank && text_.empty()) return PassOver();
    if (text_.empty()) {
      offset_ = line.offset;
      line_ = line.number;
    }
    speaks_ = Speaker::kModel;
    if (text_.size() + text.size() < kHistoryTextBytesMax) {
      text_.append(text).push_back('\n');
    } else {
      cut_ = true;
    }
  }

  // "2.4k sent, 1.1k cache write, 512 cache hit, 155 received. Cost: …"
  void ReadTokens(std::string_view words) {
    if (text_.empty()) return;
    words = words.substr(0, words.find(". "));
    while (!words.empty()) {
      const size_t comma = words.find(", ");
      const std::string_view one = words.substr(0, comma);
      words = comma == std::string_view::npos ? "" : words.substr(comma + 2);
      const int64_t count = RoundedCount(one);
      if (one.ends_with(" sent")) usage_.input_tokens = count;
      if (one.ends_with(" cache write")) usage_.cache_write_5m_tokens = count;
      if (one.ends_with(" cache hit")) usage_.cache_read_tokens = count;
      if (one.ends_with(" received")) usage_.output_tokens = count;
    }
    // Rounded, so not what a provider reported.
    source_ = wire::UsageSource::kEstimated;
  }

  void Close() {
    while (text_.ends_with('\n')) text_.pop_back();
    if (text_.empty()) return;
    HistoryExchange exchange = known_;
    exchange.agent = HistoryAgent::kAider;
    exchange.provider = ProviderOf(known_.model);
    exchange.model = ModelOf(known_.model);
    exchange.cwd = cwd_;
    exchange.usage = std::exchange(usage_, {});
    exchange.usage_source = std::exchange(source_, wire::UsageSource::kNone);
    exchange.cut = std::exchange(cut_, false);
    wire::AddWords(wire::PartKind::kText, std::exchange(text_, {}),
                   &exchange.parts);
    ++known_.turn;
    Give(std::move(exchange), line_, given().count());
  }

  const std::string cwd_;
  HistoryExchange known_;
  Speaker speaks_ = Speaker::kAider;
  std::string text_;
  wire::Usage usage_;
  wire::UsageSource source_ = wire::UsageSource::kNone;
  bool cut_ = false;
  uint64_t offset_ = 0;
  int64_t line_ = 0;
};

}  // namespace

std::unique_ptr<HistoryReader> MakeAiderReader(const HistorySource& source) {
  return std::make_unique<AiderReader>(source);
}

}  // namespace cofferdam::ledger
