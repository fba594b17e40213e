#include "evidence/marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "corpus/agent_marks.h"

namespace cofferdam::evidence {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool SameWord(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(),
                    [](char x, char y) { return Lower(x) == y; });
}

// "meta.model" -> "model", "messages[2].content" -> "content", "answers[0]" ->
// "answers".
std::string_view LastName(std::string_view path) {
  while (path.ends_with(']')) {
    const size_t open = path.rfind('[');
    if (open == std::string_view::npos) break;
    path = path.substr(0, open);
  }
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

// Claims by which a record names the model that wrote it, where it has a text
// that a model would write.
constexpr std::string_view kModelClaims[] = {"model",
                                             "model_name",
                                             "model_id",
                                             "modelname",
                                             "generator",
                                             "generated_by",
                                             "generation_model",
                                             "generator_model",
                                             "gen_model",
                                             "teacher",
                                             "teacher_model",
                                             "response_model",
                                             "completion_model",
                                             "answer_model",
                                             "output_model",
                                             "source_model",
                                             "llm",
                                             "llm_name",
                                             "llm_model",
                                             "author_model",
                                             "synthesized_by",
                                             "synthetic_model"};
// By which it names the dataset, or the model, that it was taken from.
constexpr std::string_view kSourceClaims[] = {
    "source",         "dataset", "dataset_name", "data_source", "origin",
    "source_dataset", "subset",  "_source",      "provenance",  "collection"};
// Who speaks: only "gpt" and the like say more than the format does.
constexpr std::string_view kSpeakerClaims[] = {"from", "role", "speaker"};
constexpr std::string_view kSpeakers[] = {"gpt", "chatgpt", "bing", "bard"};

// Last names of fields that hold what a model would write.
constexpr std::string_view kAnswers[] = {"answer",         "answers",
                                         "assistant",      "bot",
                                         "code",           "chosen",
                                         "completion",     "completions",
                                         "content",        "cot",
                                         "conversation",   "conversations",
                                         "explanation",    "generated",
                                         "generated_text", "generation",
                                         "generations",    "gpt",
                                         "message",        "messages",
                                         "model_output",   "output",
                                         "outputs",        "rationale",
                                         "reasoning",      "reasoning_content",
                                         "rejected",       "reply",
                                         "response",       "responses",
                                         "solution",       "solutions",
                                         "story",          "text",
                                         "value"};
// What a field that is named after a model goes on with.
constexpr std::string_view kAfterModel[] = {
    "answer",    "answers",     "attempt",    "code",      "completion",
    "content",   "explanation", "generation", "generated", "output",
    "outputs",   "rationale",   "reasoning",  "reply",     "response",
    "responses", "solution",    "solutions",  "story",     "summary",
    "text",      "thinking",    "trajectory"};

bool OneOf(std::string_view word, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view known) {
    return SameWord(word, known);
  });
}

// The names of models at the begin of a field's name: "deepseek_reasoning",
// "gpt4_answer", "chatgpt_answers". Those two alone name R1: it is what the
// datasets that have them distilled.
const Generator* AuthorOfField(const DatasetCatalogue& catalogue,
                               std::string_view name) {
  const auto is_gap = [](char c) { return c == '_' || c == '-' || c == ' '; };
  const auto first = static_cast<size_t>(
      std::find_if(name.begin(), name.end(), is_gap) - name.begin());
  if (first == 0 || first == name.size()) return nullptr;
  bool goes_on = false;
  for (size_t at = first; at < name.size();) {
    const size_t begin = at + 1;
    at = begin;
    while (at < name.size() && !is_gap(name[at])) ++at;
    goes_on |= OneOf(name.substr(begin, at - begin), kAfterModel);
  }
  if (!goes_on) return nullptr;
  for (std::string_view r1 : {"deepseek_reasoning", "deepseek_solution"}) {
    if (SameWord(name, r1)) return catalogue.OfModel("deepseek-r1");
  }
  return catalogue.OfModel(name.substr(0, first));
}

// A file that is one text and not code.
bool IsPlainText(std::string_view path) {
  for (std::string_view end : {".txt", ".text", ".md", ".tex"}) {
    if (path.size() >= end.size() &&
        SameWord(path.substr(path.size() - end.size()), end)) {
      return true;
    }
  }
  return false;
}

std::string_view FileName(std::string_view path) {
  const size_t slash = path.find_last_of("/!\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string Names(const std::vector<const Generator*>& generators) {
  std::string names;
  for (const Generator* generator : generators) {
    names += (names.empty() ? "" : ", ") + generator->name;
  }
  return names;
}

}  // namespace

void MarkFinder::Add(Mark mark) {
  if (marks_.size() < kMarksMax) marks_.push_back(std::move(mark));
}

void MarkFinder::AddDataset(const Dataset& dataset, std::string words) {
  Mark mark;
  mark.found.name = dataset.name;
  mark.found.kind = "dataset";
  mark.found.weight = MarkWeight::kStrong;
  mark.generators = dataset.generators;
  mark.found.model = Names(dataset.generators);
  mark.found.words = fmt::format(
      "{} {}, which {} wrote{} ({})", std::move(words), dataset.name,
      mark.found.model, dataset.holds == Holds::kMixed ? " in part" : "",
      dataset.source);
  if (dataset.holds == Holds::kMixed ||
      dataset.confidence == Confidence::kUnverified) {
    mark.at_most = policy::Verdict::kAmbiguous;
  }
  if (dataset.confidence == Confidence::kUnverified) {
    mark.found.words += "; nobody has verified it";
  }
  Add(std::move(mark));
}

const Dataset* MarkFinder::DatasetOfRecords() {
  if (!file_.of_records) file_.of_records = catalogue_.OfPath(file_.path);
  return *file_.of_records;
}

const Dataset* MarkFinder::DatasetOfItself() {
  if (!file_.of_itself) {
    file_.of_itself = IsPlainText(file_.path)
                          ? catalogue_.OfPath(FileName(file_.path))
                          : nullptr;
  }
  return *file_.of_itself;
}

void MarkFinder::LookAtFile(const corpus::Record& record) {
  const corpus::FilePlace& place = *record.file;
  if (file_.path != place.path || file_.author != place.author) {
    file_.path = place.path;
    file_.author = place.author;
    file_.of_records.reset();
    file_.of_itself.reset();
    file_.agent.clear();
    if (!place.author.empty()) {
      corpus::CommitText commit;
      commit.author_name = place.author;
      commit.author_email = place.author;
      const auto marks = corpus::FindAgentMarks(commit);
      if (!marks.empty()) file_.agent = marks.front().tool;
    }
  }
  const Dataset* dataset =
      record.number == 0 ? DatasetOfItself() : DatasetOfRecords();
  if (dataset != nullptr) AddDataset(*dataset, "its path names");
  if (!file_.agent.empty()) {
    Mark mark;
    mark.found.name = "agent-author";
    mark.found.kind = "agent";
    mark.found.words = fmt::format("{} committed it", file_.agent);
    Add(std::move(mark));
  }
}

MarkFinder::ClaimKind MarkFinder::KindOfClaim(size_t number,
                                              std::string_view name) {
  if (number >= claim_names_.size()) claim_names_.resize(number + 1);
  ClaimName& known = claim_names_[number];
  if (known.name != name) {
    known.name = name;
    const std::string_view last = LastName(name);
    known.kind = OneOf(last, kModelClaims)     ? ClaimKind::kModel
                 : OneOf(last, kSourceClaims)  ? ClaimKind::kSource
                 : OneOf(last, kSpeakerClaims) ? ClaimKind::kSpeaker
                                               : ClaimKind::kNone;
  }
  return known.kind;
}

const MarkFinder::FieldName& MarkFinder::NameOfField(size_t number,
                                                     std::string_view name) {
  if (number >= field_names_.size()) field_names_.resize(number + 1);
  FieldName& known = field_names_[number];
  if (known.name != name) {
    known.name = name;
    const std::string_view last = LastName(name);
    known.answers = OneOf(last, kAnswers);
    known.generator = AuthorOfField(catalogue_, last);
  }
  return known;
}

void MarkFinder::LookAtClaims(const corpus::Record& record) {
  bool speaker = false;
  for (size_t i = 0; i < record.claims.size(); ++i) {
    const corpus::Claim& claim = record.claims[i];
    const ClaimKind kind = KindOfClaim(i, claim.name);
    if (kind == ClaimKind::kNone) continue;
    if (kind == ClaimKind::kSpeaker) {
      if (speaker || !OneOf(claim.value, kSpeakers)) continue;
      speaker = true;
      Mark mark;
      mark.found.name = "speaker";
      mark.found.kind = "format";
      mark.found.words = fmt::format("{} is \"{}\"", claim.name, claim.value);
      Add(std::move(mark));
      continue;
    }
    if (kind == ClaimKind::kSource) {
      if (const Dataset* dataset = catalogue_.OfName(claim.value)) {
        AddDataset(*dataset, fmt::format("its {} names", claim.name));
        continue;
      }
    }
    const Generator* generator = catalogue_.OfModel(claim.value);
    if (generator == nullptr) continue;
    const bool answers = std::any_of(
        field_names_.begin(),
        field_names_.begin() + static_cast<std::ptrdiff_t>(std::min(
                                   record.fields.size(), field_names_.size())),
        [](const FieldName& field) { return field.answers; });
    if (!answers) continue;
    Mark mark;
    mark.found.name = LastName(claim.name);
    mark.found.kind = "claim";
    mark.found.model = claim.value;
    mark.found.weight = MarkWeight::kStrong;
    mark.found.words =
        fmt::format("its {} says \"{}\"", claim.name, claim.value);
    mark.generators = {generator};
    Add(std::move(mark));
  }
}

void MarkFinder::LookAtFields(const corpus::Record& record) {
  for (size_t i = 0; i < record.fields.size(); ++i) {
    const corpus::Field& field = record.fields[i];
    const FieldName& name = NameOfField(i, field.name);
    if (name.generator != nullptr && record.number != 0) {
      Mark mark;
      mark.found.name = LastName(field.name);
      mark.found.kind = "field";
      mark.found.model = name.generator->name;
      mark.found.weight = MarkWeight::kStrong;
      mark.found.words =
          fmt::format("its name, {}, says whose it is", field.name);
      mark.field = i;
      mark.generators = {name.generator};
      Add(std::move(mark));
    }
    for (const TextMark& text : texts_.Find(field.text)) {
      Mark mark;
      mark.found = {text.name, text.kind, text.words, text.model,
                    text.strong ? MarkWeight::kStrong : MarkWeight::kWeak};
      mark.field = i;
      mark.begin = text.begin;
      mark.end = text.end;
      if (text.strong) {
        const Generator* generator = catalogue_.OfModel(text.model);
        if (generator != nullptr) mark.generators = {generator};
        // It names no terms that we know, and nobody checked who signed it.
        mark.at_most = policy::Verdict::kAmbiguous;
      }
      Add(std::move(mark));
    }
  }
}

std::span<const Mark> MarkFinder::Find(const corpus::Record& record) {
  marks_.clear();
  if (record.fields.empty()) return marks_;
  LookAtFile(record);
  LookAtFields(record);
  LookAtClaims(record);
  return marks_;
}

}  // namespace cofferdam::evidence
