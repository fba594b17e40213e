#include "evidence/dataset_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/toml.h"
#include "policy/glob.h"

namespace cofferdam::evidence {
namespace {

using policy::TermsClass;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Small letters and digits; runs of others are one '-', of which there is none
// at either end of a part. A '/', a '\' and the '!' before a container's member
// part it.
std::string Normal(std::string_view text) {
  std::string out;
  text = text.substr(0, DatasetCatalogue::kPathBytesMax);
  bool gap = false;
  for (char raw : text) {
    const char c = Lower(raw);
    if (IsWordByte(c)) {
      if (gap && !out.empty() && out.back() != '/') out.push_back('-');
      gap = false;
      out.push_back(c);
    } else if (c == '/' || c == '\\' || c == '!') {
      gap = false;
      if (!out.empty() && out.back() != '/') out.push_back('/');
    } else {
      gap = true;
    }
  }
  return out;
}

// Where words of a normal text begin and end.
std::vector<std::pair<size_t, size_t>> WordsOf(std::string_view normal) {
  std::vector<std::pair<size_t, size_t>> words;
  size_t begin = 0;
  for (size_t i = 0; i <= normal.size(); ++i) {
    if (i < normal.size() && normal[i] != '-' && normal[i] != '/') continue;
    if (i > begin) words.emplace_back(begin, i);
    begin = i + 1;
  }
  return words;
}

// "openai/gpt-4o" -> "gpt-4o".
std::string_view WithoutPublisher(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace

// What a file says.
struct DatasetCatalogue::Contents {
  struct Named {
    const Dataset* dataset;  // null: people wrote it
    size_t bytes;            // of the name that matched
  };

  std::string version;
  // Behind pointers, so that those to them hold across a move.
  std::vector<std::unique_ptr<const Generator>> generators;
  std::vector<std::unique_ptr<const Dataset>> datasets;
  // By normal name; the longest one counts its words.
  std::unordered_map<std::string, const Dataset*> by_name;
  size_t words_max = 0;
  std::vector<std::pair<std::string, const Dataset*>> globs;

  void Name(const std::string& pattern, const Dataset* dataset);
  std::optional<Named> OfWords(std::string_view normal) const;
};

struct DatasetCatalogue::State {
  std::once_flag read;
  std::optional<Contents> contents;
  // By which the table in this binary is read where there are none yet.
  std::optional<policy::TermsTable> terms;
  int64_t at_micros = 0;
};

// Reads a file; what is wrong stands in the document's issues.
class DatasetCatalogue::Reader {
 public:
  Reader(std::string_view text, const policy::TermsTable& terms,
         int64_t at_micros)
      : text_(text),
        document_(TomlDocument::Parse(text)),
        terms_(terms),
        at_micros_(at_micros) {}

  Result<Contents> Read(std::string_view file_name) {
    TomlTable root = document_.root();
    for (TomlTable& table : root.Tables("generator")) ReadGenerator(table);
    for (TomlTable& table : root.Tables("dataset")) ReadDataset(table);
    for (TomlTable& table : root.Tables("human")) ReadHuman(table);
    root.Finish();
    if (out_.generators.size() > kRowsMax || out_.datasets.size() > kRowsMax) {
      document_.AddIssue(1, 1, fmt::format("more than {} rows", kRowsMax));
    }
    const auto issues = document_.issues();
    if (!issues.empty()) {
      return Error(Code::kInvalid, FormatIssues(file_name, issues));
    }
    std::string said(text_);
    for (const auto& generator : out_.generators)
      said += policy::TermsClassName(generator->terms_class);
    out_.version = fmt::format("{:016x}", Hash64(said));
    return std::move(out_);
  }

 private:
  std::string Text(TomlTable& table, std::string_view key) {
    std::optional<std::string> value = table.String(key);
    if (!value && !table.Has(key)) table.Missing(key);
    if (value && (value->empty() || value->size() > kNameBytesMax)) {
      table.Complain(key, fmt::format("must be 1 to {} bytes", kNameBytesMax));
    }
    return value.value_or("");
  }

  std::vector<std::string> Patterns(TomlTable& table, std::string_view key) {
    if (!table.Has(key)) table.Missing(key);
    auto patterns = table.Strings(key).value_or(std::vector<std::string>());
    for (const std::string& pattern : patterns) {
      const auto stars = std::count(pattern.begin(), pattern.end(), '*');
      const bool small =
          std::none_of(pattern.begin(), pattern.end(),
                       [](char c) { return c >= 'A' && c <= 'Z'; });
      if (pattern.empty() || pattern.size() > kNameBytesMax || !small ||
          stars > static_cast<int64_t>(policy::kGlobStarsMax)) {
        table.Complain(
            key, fmt::format("\"{}\" must be 1 to {} bytes without capital "
                             "letters, at most {} of them *",
                             pattern, kNameBytesMax, policy::kGlobStarsMax));
      }
    }
    return patterns;
  }

  TermsClass ReadTerms(TomlTable& table) {
    if (table.Has("class") == table.Has("terms")) {
      table.Complain("", "needs class or terms, not both");
      return TermsClass::kUnknown;
    }
    if (table.Has("class")) {
      const auto name = table.OneOf(
          "class", {"forbid_any", "forbid_compete", "allow_limited",
                    "allow_naming", "allow_viral", "allow", "unknown"});
      return policy::ParseTermsClass(name.value_or("unknown"))
          .value_or(TermsClass::kUnknown);
    }
    std::optional<TomlTable> terms = table.Table("terms");
    if (!terms) return TermsClass::kUnknown;
    policy::Contract contract;
    contract.weights = terms->String("weights").value_or("");
    contract.provider = terms->String("provider").value_or("");
    contract.product = terms->String("product").value_or("");
    contract.plan = terms->String("plan").value_or("");
    terms->Finish();
    // A row that the table of terms no longer has is unknown, not an error: a
    // company's own table may have other rows.
    return terms_.Resolve(contract, at_micros_).terms_class;
  }

  void ReadGenerator(TomlTable& table) {
    auto generator = std::make_unique<Generator>();
    generator->name = Text(table, "name");
    generator->terms_class = ReadTerms(table);
    generator->note = table.String("note").value_or("");
    generator->names = Patterns(table, "names");
    table.Finish();
    if (!by_name_.emplace(generator->name, generator.get()).second) {
      table.Complain("name", "stands above already");
    }
    out_.generators.push_back(std::move(generator));
  }

  void ReadDataset(TomlTable& table) {
    auto dataset = std::make_unique<Dataset>();
    dataset->name = Text(table, "name");
    dataset->match = Patterns(table, "match");
    if (dataset->match.empty()) table.Complain("match", "must not be empty");
    if (!table.Has("generators")) table.Missing("generators");
    for (const std::string& name :
         table.Strings("generators").value_or(std::vector<std::string>())) {
      const auto found = by_name_.find(name);
      if (found == by_name_.end()) {
        table.Complain("generators",
                       fmt::format("no generator is called \"{}\"", name));
        continue;
      }
      dataset->generators.push_back(found->second);
    }
    if (dataset->generators.empty()) {
      table.Complain("generators", "must name at least one");
    }
    dataset->holds =
        table.OneOf("holds", {"outputs", "mixed"}).value_or("mixed") ==
                "outputs"
            ? Holds::kOutputs
            : Holds::kMixed;
    const std::string said =
        table.OneOf("confidence", {"authors", "catalogue", "unverified"})
            .value_or("unverified");
    dataset->confidence = said == "authors"     ? Confidence::kAuthors
                          : said == "catalogue" ? Confidence::kCatalogue
                                                : Confidence::kUnverified;
    dataset->source = Text(table, "source");
    table.Finish();
    for (const std::string& pattern : dataset->match) {
      out_.Name(pattern, dataset.get());
    }
    out_.datasets.push_back(std::move(dataset));
  }

  void ReadHuman(TomlTable& table) {
    Text(table, "name");
    for (const std::string& pattern : Patterns(table, "match")) {
      out_.Name(pattern, nullptr);
    }
    table.Finish();
  }

  const std::string_view text_;
  TomlDocument document_;
  const policy::TermsTable& terms_;
  const int64_t at_micros_;
  Contents out_;
  std::map<std::string, const Generator*> by_name_;
};

DatasetCatalogue::DatasetCatalogue(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
DatasetCatalogue::DatasetCatalogue(DatasetCatalogue&&) noexcept = default;
DatasetCatalogue& DatasetCatalogue::operator=(DatasetCatalogue&&) noexcept =
    default;
DatasetCatalogue::~DatasetCatalogue() = default;

Result<DatasetCatalogue> DatasetCatalogue::Parse(
    std::string_view text, std::string_view file_name,
    const policy::TermsTable& terms, int64_t at_micros) {
  auto state = std::make_unique<State>();
  TRY_ASSIGN(state->contents, Reader(text, terms, at_micros).Read(file_name));
  return DatasetCatalogue(std::move(state));
}

DatasetCatalogue DatasetCatalogue::BuiltInBy(
    std::optional<policy::TermsTable> terms, int64_t at_micros) {
  auto state = std::make_unique<State>();
  state->terms = std::move(terms);
  state->at_micros = at_micros;
  return DatasetCatalogue(std::move(state));
}

const DatasetCatalogue& DatasetCatalogue::BuiltIn() {
  static const DatasetCatalogue catalogue =
      BuiltInBy(std::nullopt, SystemClock().WallMicros());
  return catalogue;
}

const DatasetCatalogue::Contents& DatasetCatalogue::contents() const {
  std::call_once(state_->read, [this] {
    State& state = *state_;
    if (state.contents) return;
    // A test parses it, so that this cannot fail; rows that the terms do not
    // have are unknown, and no error.
    auto read =
        Reader(BuiltInDatasetsText(),
               state.terms ? *state.terms : policy::TermsTable::BuiltIn(),
               state.at_micros)
            .Read("data/datasets.toml");
    CHECK_OK(read);
    state.contents = *std::move(read);
  });
  return *state_->contents;
}

const std::string& DatasetCatalogue::version() const {
  return contents().version;
}

const std::vector<std::unique_ptr<const Generator>>&
DatasetCatalogue::generators() const {
  return contents().generators;
}

const std::vector<std::unique_ptr<const Dataset>>& DatasetCatalogue::datasets()
    const {
  return contents().datasets;
}

void DatasetCatalogue::Contents::Name(const std::string& pattern,
                                      const Dataset* dataset) {
  if (pattern.find('*') != std::string::npos) {
    globs.emplace_back(pattern, dataset);
    return;
  }
  const std::string normal = Normal(pattern);
  words_max = std::max(words_max, WordsOf(normal).size());
  by_name.emplace(normal, dataset);
  // Caches on disk write "org/name" as one word.
  const size_t slash = normal.find('/');
  if (slash == std::string::npos) return;
  std::string joined = normal;
  joined[slash] = '-';
  by_name.emplace(std::move(joined), dataset);
}

std::optional<DatasetCatalogue::Contents::Named>
DatasetCatalogue::Contents::OfWords(std::string_view normal) const {
  std::optional<Named> best;
  const auto words = WordsOf(normal);
  std::string key;
  for (size_t i = 0; i < words.size(); ++i) {
    for (size_t n = 0; n < words_max && i + n < words.size(); ++n) {
      const size_t begin = words[i].first;
      const size_t bytes = words[i + n].second - begin;
      if (best && bytes <= best->bytes) continue;
      key.assign(normal, begin, bytes);
      const auto found = by_name.find(key);
      if (found != by_name.end()) best = Named{found->second, bytes};
    }
  }
  return best;
}

const Dataset* DatasetCatalogue::OfPath(std::string_view path) const {
  const Contents& all = contents();
  const std::string normal = Normal(path);
  if (const auto named = all.OfWords(normal)) return named->dataset;
  for (const auto& [pattern, dataset] : all.globs) {
    std::string_view rest = normal;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, rest.find('/'));
      if (policy::MatchesGlob(pattern, part)) return dataset;
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    }
  }
  return nullptr;
}

const Dataset* DatasetCatalogue::OfName(std::string_view name) const {
  const Contents& all = contents();
  const auto found = all.by_name.find(Normal(name));
  return found == all.by_name.end() ? nullptr : found->second;
}

const Generator* DatasetCatalogue::OfModel(std::string_view name) const {
  if (name.empty() || name.size() > kNameBytesMax) return nullptr;
  std::string lower(WithoutPublisher(name));
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  for (const auto& generator : contents().generators) {
    for (const std::string& pattern : generator->names) {
      if (policy::MatchesGlob(pattern, lower)) return generator.get();
    }
  }
  return nullptr;
}

}  // namespace cofferdam::evidence
