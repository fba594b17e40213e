#include "scan/record_place.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/rfc3339.h"
#include "fingerprint/file_language.h"
#include "policy/names.h"

namespace cofferdam::scan {
namespace {

enum class Says { kRepository, kPath, kCommit, kAuthor, kTime };

// Names that datasets give these, by the last part of the member's path.
constexpr std::array<std::pair<std::string_view, Says>, 20> kNames = {{
    {"author", Says::kAuthor},
    {"author_email", Says::kAuthor},
    {"commit", Says::kCommit},
    {"commit_id", Says::kCommit},
    {"committed_at", Says::kTime},
    {"created", Says::kTime},
    {"created_at", Says::kTime},
    {"date", Says::kTime},
    {"file_path", Says::kPath},
    {"filename", Says::kPath},
    {"max_stars_repo_name", Says::kRepository},
    {"max_stars_repo_path", Says::kPath},
    {"path", Says::kPath},
    {"repo", Says::kRepository},
    {"repo_name", Says::kRepository},
    {"repo_path", Says::kPath},
    {"repository", Says::kRepository},
    {"repository_name", Says::kRepository},
    {"timestamp", Says::kTime},
    {"time", Says::kTime},
}};

const Says* Meaning(std::string_view name) {
  size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
  auto found = std::find_if(kNames.begin(), kNames.end(),
                            [&](const auto& one) { return one.first == name; });
  return found == kNames.end() ? nullptr : &found->second;
}

// "host/path" as policy writes it. Datasets of code hosts' text mostly leave
// the host out: "owner/name" is taken for the largest one's.
std::string RepositoryOf(std::string_view said) {
  std::string_view first = said.substr(0, said.find('/'));
  bool has_host = first.find_first_of(".:@") != std::string_view::npos;
  bool plain = !has_host && !said.starts_with('/') &&
               std::count(said.begin(), said.end(), '/') == 1;
  std::string name(said);
  if (plain) name.insert(0, "github.com/");
  Result<std::string> normal = policy::NormaliseRepo(name);
  return normal.ok() ? *std::move(normal) : std::string();
}

}  // namespace

RecordPlace::RecordPlace(const corpus::Record& record) : record_(record) {
  const corpus::FilePlace& file = *record.file;
  if (file.repository != nullptr) {
    repository_ = file.repository->remote;
    path_in_repository_ = file.path_in_repository;
  }
  commit_ = file.commit;
  author_ = file.author;
  time_micros_ = file.time_micros;
  bool path_said = false;
  for (const corpus::Claim& claim : record.claims) {
    const Says* says = Meaning(claim.name);
    if (says == nullptr || claim.value.empty()) continue;
    switch (*says) {
      case Says::kRepository: {
        std::string named = RepositoryOf(claim.value);
        if (!named.empty()) repository_ = std::move(named);
        break;
      }
      case Says::kPath:
        if (!std::exchange(path_said, true)) path_in_repository_ = claim.value;
        break;
      case Says::kCommit:
        commit_ = claim.value;
        break;
      case Says::kAuthor:
        author_ = claim.value;
        break;
      case Says::kTime: {
        Result<int64_t> time = ParseRfc3339(claim.value);
        if (time.ok()) time_micros_ = *time;
        break;
      }
    }
  }
}

evidence::DocumentPlace RecordPlace::Of(const corpus::Field& field) const {
  return {.path = record_.file->path,
          .repository = repository_,
          .path_in_repository = path_in_repository_,
          .commit = commit_,
          .author = author_,
          .time = time_micros_,
          .record = record_.number,
          .record_begin = record_.begin,
          .record_end = record_.end,
          .field = field.name};
}

fingerprint::Language LanguageOf(const corpus::Record& record,
                                 const corpus::Field& field) {
  using fingerprint::Language;
  Language language = Language::kGeneral;
  for (std::string_view hint : {field.language_hint, record.language_hint}) {
    if (hint.empty()) continue;
    language = fingerprint::LanguageOfName(hint);
    if (language != Language::kGeneral) return language;
  }
  return fingerprint::LanguageOfFile(record.path_hint, field.text);
}

}  // namespace cofferdam::scan
