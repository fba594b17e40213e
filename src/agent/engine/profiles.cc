#include "agent/engine/profiles.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/toml.h"
#include "policy/glob.h"

namespace cofferdam::agent {
namespace {

constexpr std::string_view kDefault = "default";
constexpr int64_t kTokensMost = int64_t{1} << 32;
constexpr int64_t kMillion = 1'000'000;

template <typename Enum>
struct NameRow {
  std::string_view name;
  Enum value;
};

constexpr NameRow<EditFormat> kFormats[] = {
    {"search_replace", EditFormat::kSearchReplace},
    {"patch", EditFormat::kPatch},
    {"whole_file", EditFormat::kWholeFile},
};
constexpr NameRow<ReasoningReplay> kReplays[] = {
    {"none", ReasoningReplay::kNone},
    {"field", ReasoningReplay::kField},
    {"tags", ReasoningReplay::kTags},
};
constexpr NameRow<SystemPlace> kPlaces[] = {
    {"own", SystemPlace::kOwn},
    {"first_user", SystemPlace::kFirstUser},
};
constexpr NameRow<OutputLimitName> kLimits[] = {
    {"max_tokens", OutputLimitName::kMaxTokens},
    {"max_completion_tokens", OutputLimitName::kMaxCompletionTokens},
};

template <typename Enum, size_t n>
void ReadOneOf(TomlTable& row, std::string_view key,
               const NameRow<Enum> (&rows)[n], Enum* value) {
  std::vector<std::string> names;
  for (const auto& known : rows) names.emplace_back(known.name);
  const auto name = row.OneOf(key, names);
  if (!name) return;
  for (const auto& known : rows) {
    if (known.name == *name) *value = known.value;
  }
}

void ReadFormats(TomlTable& row, std::vector<EditFormat>* formats) {
  const auto texts = row.Texts("edit");
  if (!texts) return;
  formats->clear();
  for (const TomlText& text : *texts) {
    const auto* known = std::find_if(
        std::begin(kFormats), std::end(kFormats),
        [&](const auto& format) { return format.name == text.text; });
    if (known == std::end(kFormats)) {
      row.ComplainOf(text, "edit",
                     "must be search_replace, patch or whole_file");
    } else if (std::find(formats->begin(), formats->end(), known->value) !=
               formats->end()) {
      row.ComplainOf(text, "edit", "stands there twice");
    } else {
      formats->push_back(known->value);
    }
  }
  if (texts->empty()) row.Complain("edit", "must not be empty");
}

void ReadSampling(TomlTable& row, Sampling* sampling) {
  auto table = row.Table("sampling");
  if (!table) return;
  *sampling = {};
  const auto number = [&](std::string_view key, int64_t max,
                          std::optional<double>* value) {
    if (const auto read = table->Millionths(key, 0, max * kMillion)) {
      *value = static_cast<double>(*read) / static_cast<double>(kMillion);
    }
  };
  number("temperature", 2, &sampling->temperature);
  number("top_p", 1, &sampling->top_p);
  number("min_p", 1, &sampling->min_p);
  number("repetition_penalty", 2, &sampling->repetition_penalty);
  sampling->top_k = table->Int("top_k", 0, 1'000'000);
  table->Finish();
}

void ReadRates(TomlTable& row, std::optional<ModelRates>* rates) {
  auto table = row.Table("rates");
  if (!table) return;
  constexpr int64_t kMost = 1'000 * kMillion;
  const auto input = table->Millionths("input", 0, kMost);
  const auto output = table->Millionths("output", 0, kMost);
  if (!input) table->Missing("input");
  if (!output) table->Missing("output");
  const auto cached = table->Millionths("cached", 0, kMost);
  table->Finish();
  if (!input || !output) return;
  *rates = ModelRates{*input, cached.value_or(*input), *output};
}

void ReadExtra(TomlTable& row, std::string* extra) {
  const auto text = row.String("extra");
  if (!text) return;
  const auto json = JsonDocument::Parse(*text);
  if (!text->empty() && (!json.ok() || !json->root().is_object())) {
    row.Complain("extra", "must be a JSON object");
    return;
  }
  *extra = *text;
}

void ReadMatch(TomlTable& row, ModelProfile* profile) {
  const auto texts = row.Texts("match");
  if (!texts) {
    if (profile->name != kDefault) row.Missing("match");
    return;
  }
  for (const TomlText& text : *texts) {
    const auto stars = std::count(text.text.begin(), text.text.end(), '*');
    if (text.text.empty() ||
        std::any_of(text.text.begin(), text.text.end(), [](char c) {
          return std::isupper(static_cast<unsigned char>(c)) != 0;
        })) {
      row.ComplainOf(text, "match", "must be in lower case, and not empty");
    } else if (static_cast<size_t>(stars) > policy::kGlobStarsMax) {
      row.ComplainOf(text, "match", "has too many stars");
    } else {
      profile->match.push_back(text.text);
    }
  }
}

const ModelProfile* FindIn(const std::vector<ModelProfile>& profiles,
                           std::string_view name) {
  const auto at =
      std::find_if(profiles.begin(), profiles.end(),
                   [&](const auto& known) { return known.name == name; });
  return at == profiles.end() ? nullptr : &*at;
}

// What a row does not say is as in the profile that `like` names.
ModelProfile ReadProfile(TomlTable& row, std::string name,
                         const std::vector<ModelProfile>& known) {
  ModelProfile profile;
  const std::string like = row.String("like").value_or(std::string(kDefault));
  if (const ModelProfile* base = FindIn(known, like)) {
    profile = *base;
  } else if (row.Has("like")) {
    row.Complain("like", "no profile of that name stands before");
  }
  profile.name = std::move(name);
  profile.match.clear();
  ReadMatch(row, &profile);
  ReadFormats(row, &profile.edit_formats);
  if (const auto tokens = row.Int("context_tokens", 1024, kTokensMost)) {
    profile.context_tokens = *tokens;
  }
  if (const auto tokens = row.Int("output_tokens_max", 256, kTokensMost)) {
    profile.output_tokens_max = *tokens;
  }
  ReadSampling(row, &profile.sampling);
  ReadOneOf(row, "reasoning", kReplays, &profile.quirks.reasoning);
  ReadOneOf(row, "system", kPlaces, &profile.quirks.system);
  ReadOneOf(row, "output_limit", kLimits, &profile.quirks.output_limit);
  if (const auto parallel = row.Bool("parallel_calls")) {
    profile.quirks.parallel_calls = parallel;
  }
  ReadExtra(row, &profile.quirks.extra);
  ReadRates(row, &profile.rates);
  row.Finish();
  return profile;
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return lower;
}

}  // namespace

std::string_view EditFormatName(EditFormat format) {
  for (const auto& row : kFormats) {
    if (row.value == format) return row.name;
  }
  return "";
}

std::optional<int64_t> CostMicros(const ModelProfile& profile,
                                  const wire::Usage& usage) {
  if (!profile.rates) return std::nullopt;
  const auto part = [](int64_t tokens, int64_t rate) {
    return static_cast<__int128>(tokens) * rate;
  };
  const int64_t read = usage.input_tokens + usage.cache_write_5m_tokens +
                       usage.cache_write_1h_tokens;
  const __int128 sum = part(read, profile.rates->input) +
                       part(usage.cache_read_tokens, profile.rates->cached) +
                       part(usage.output_tokens, profile.rates->output);
  return static_cast<int64_t>((sum + kMillion - 1) / kMillion);
}

const ModelProfiles& ModelProfiles::BuiltIn() {
  static const ModelProfiles kBuiltIn = [] {
    auto parsed = Parse(BuiltInModelsText(), "data/models.toml", nullptr);
    CHECK_OK(parsed);
    return *std::move(parsed);
  }();
  return kBuiltIn;
}

Result<ModelProfiles> ModelProfiles::Parse(std::string_view text,
                                           const std::string& file_name,
                                           const ModelProfiles* base) {
  TomlDocument document = TomlDocument::Parse(text);
  std::vector<ModelProfile> known;
  if (base != nullptr) known = base->profiles_;
  std::vector<ModelProfile> own;
  {
    TomlTable root = document.root();
    if (auto table = root.Table("profile")) {
      for (const std::string& name : table->Names()) {
        auto row = table->Table(name);
        if (!row) continue;
        ModelProfile profile = ReadProfile(*row, name, known);
        // One of the same name is replaced, where it is looked up by name too.
        std::erase_if(known, [&](const ModelProfile& other) {
          return other.name == name;
        });
        known.push_back(profile);
        own.push_back(std::move(profile));
      }
      table->Finish();
    }
    root.Finish();
  }
  if (base == nullptr && FindIn(own, kDefault) == nullptr) {
    document.AddIssue(1, 1, "[profile.default] is missing");
  }
  if (const auto issues = document.issues(); !issues.empty()) {
    return Error(Code::kInvalid, FormatIssues(file_name, issues));
  }
  ModelProfiles profiles;
  profiles.profiles_ = std::move(own);
  if (base != nullptr) {
    for (const ModelProfile& profile : base->profiles_) {
      if (FindIn(profiles.profiles_, profile.name) == nullptr) {
        profiles.profiles_.push_back(profile);
      }
    }
  }
  return profiles;
}

Result<ModelProfiles> ModelProfiles::Load(const std::string& own_file) {
  if (own_file.empty()) return BuiltIn();
  TRY_ASSIGN(const std::string text, ReadFile(own_file, kFileBytesMax));
  return Parse(text, own_file, &BuiltIn());
}

const ModelProfile& ModelProfiles::For(std::string_view model) const {
  const std::string whole = LowerCase(model);
  const std::string_view last =
      std::string_view(whole).substr(whole.rfind('/') + 1);
  for (const ModelProfile& profile : profiles_) {
    for (const std::string& pattern : profile.match) {
      if (policy::MatchesGlob(pattern, last) ||
          policy::MatchesGlob(pattern, whole)) {
        return profile;
      }
    }
  }
  const ModelProfile* found = Find(kDefault);
  CHECK(found != nullptr);
  return *found;
}

const ModelProfile* ModelProfiles::Find(std::string_view name) const {
  return FindIn(profiles_, name);
}

}  // namespace cofferdam::agent
