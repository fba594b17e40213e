#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "blame/claimed_lines_internal.h"

namespace cofferdam::blame {
namespace {

using corpus::ClaimedAuthor;
using corpus::LineClaim;

using Claims = std::vector<const LineClaim*>;

std::string Says(std::string_view author, std::string_view model,
                 std::string_view tool) {
  if (!model.empty()) return fmt::format("{} {}", author, model);
  if (!tool.empty()) return fmt::format("{} ({})", author, tool);
  return std::string(author);
}

std::string Says(const LineClaim& claim) {
  return Says(corpus::ClaimedAuthorName(claim.author), claim.model, claim.tool);
}

// A claim about the whole of a commit says less than one about lines.
bool IsAboutLines(const LineClaim& claim) { return claim.line_begin > 0; }

bool Contradict(ClaimedAuthor a, ClaimedAuthor b) {
  return (a == ClaimedAuthor::kModel && b == ClaimedAuthor::kHuman) ||
         (a == ClaimedAuthor::kHuman && b == ClaimedAuthor::kModel);
}

// "claude-x-1" and "claude-x-1-20260101" are one model.
bool OtherModel(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return false;
  const auto name = [](std::string_view model) {
    return model.substr(model.rfind('/') + 1);
  };
  a = name(a);
  b = name(b);
  return !a.starts_with(b) && !b.starts_with(a);
}

class Claimer {
 public:
  Claimer(const BlamedText& text, BlamedFile* file)
      : text_(text), file_(*file) {}

  void Run() {
    std::map<std::pair<uint32_t, uint32_t>, std::vector<uint32_t>> lines;
    for (uint32_t i = 0; i < text_.file->lines.size(); ++i) {
      const corpus::LineSource& source = text_.file->lines[i];
      lines[{source.commit, source.path}].push_back(i);
    }
    claims_.resize(file_.lines.size());
    for (const auto& [place, of_place] : lines)
      Gather(place.first, place.second, of_place);
    for (uint32_t i = 0; i < claims_.size(); ++i) {
      if (!claims_[i].empty()) Apply(i, claims_[i]);
    }
  }

 private:
  uint32_t SourceLine(uint32_t line) const {
    return text_.file->lines[line].line;
  }

  // Hands the claims of a commit to those of `lines` that they are about.
  void Gather(uint32_t commit, uint32_t path, std::vector<uint32_t> lines) {
    std::sort(lines.begin(), lines.end(), [this](uint32_t a, uint32_t b) {
      return SourceLine(a) < SourceLine(b);
    });
    const std::string& name = text_.history->paths[path];
    size_t looked = 0;
    for (const LineClaim& claim : text_.claims(commit)) {
      if (!claim.path.empty() && claim.path != name) continue;
      if (++looked > kClaimsOfFileMax) break;
      auto at = lines.begin();
      if (IsAboutLines(claim)) {
        at = std::lower_bound(lines.begin(), lines.end(), claim.line_begin,
                              [this](uint32_t line, uint32_t begin) {
                                return SourceLine(line) < begin;
                              });
      }
      for (; at != lines.end(); ++at) {
        if (IsAboutLines(claim) && SourceLine(*at) > claim.line_end) break;
        if (claims_[*at].size() < kClaimsOfLineMax)
          claims_[*at].push_back(&claim);
      }
    }
  }

  void Apply(uint32_t line, Claims& claims) {
    std::stable_sort(claims.begin(), claims.end(),
                     [](const LineClaim* a, const LineClaim* b) {
                       return IsAboutLines(*a) && !IsAboutLines(*b);
                     });
    const LineClaim& first = *claims.front();
    BlamedLine& blamed = file_.lines[line];
    if (blamed.basis == Basis::kContent) {
      for (const LineClaim* claim : claims) CompareContent(line, *claim);
      return;
    }
    for (const LineClaim* claim : claims) {
      const bool other = Contradict(first.author, claim->author) ||
                         OtherModel(first.model, claim->model);
      if (other && IsAboutLines(first) == IsAboutLines(*claim)) {
        Disagree(line, first.source, Says(first), *claim);
        // Nobody can say which of them is right.
        if (Contradict(first.author, claim->author)) {
          Fill(first, LineClass::kUnknown, &blamed);
          return;
        }
      } else if (other) {
        Disagree(line, first.source, Says(first), *claim);
      }
    }
    switch (first.author) {
      case ClaimedAuthor::kModel:
        return Fill(first, LineClass::kModel, &blamed);
      case ClaimedAuthor::kMixed:
        // Of a whole commit it does not say which lines.
        return Fill(
            first,
            IsAboutLines(first) ? LineClass::kMixed : LineClass::kUnknown,
            &blamed);
      case ClaimedAuthor::kHuman:
        return Fill(first, LineClass::kHuman, &blamed);
      case ClaimedAuthor::kUnknown:
        return Fill(first, LineClass::kUnknown, &blamed);
    }
  }

  void CompareContent(uint32_t line, const LineClaim& claim) {
    const BlamedLine& blamed = file_.lines[line];
    const evidence::Origin& origin = file_.origins[blamed.origin].origin;
    const bool model = blamed.line_class == LineClass::kModel;
    // A prompt's word for which model it was is a guess.
    const bool other_model =
        !origin.claimed() && OtherModel(origin.model, claim.model);
    if (!(model && claim.author == ClaimedAuthor::kHuman) &&
        !(model && claim.author == ClaimedAuthor::kModel && other_model)) {
      return;
    }
    Disagree(line, "content",
             Says(LineClassName(blamed.line_class), origin.model, origin.tool),
             claim);
  }

  void Fill(const LineClaim& claim, LineClass line_class, BlamedLine* blamed) {
    // Nothing is lost that the time of the line already says.
    if (line_class == LineClass::kUnknown &&
        blamed->line_class != LineClass::kUnknown) {
      return;
    }
    blamed->line_class = line_class;
    blamed->basis = Basis::kClaim;
    if (claim.author == ClaimedAuthor::kHuman && claim.person.empty()) return;
    const auto key = std::tuple(claim.source, claim.tool, claim.model,
                                claim.person, claim.session);
    const auto [at, added] =
        origins_.try_emplace(key, static_cast<uint32_t>(file_.origins.size()));
    if (added) {
      evidence::FoundOrigin found;
      found.origin.route = "claim";
      found.origin.kind = claim.source;
      found.origin.tool = claim.tool;
      found.origin.model = claim.model;
      found.origin.person = claim.person;
      found.origin.session = claim.session;
      file_.origins.push_back(std::move(found));
    }
    blamed->origin = at->second;
  }

  // Lines that follow each other and disagree alike are one.
  void Disagree(uint32_t line, std::string_view left,
                const std::string& left_says, const LineClaim& claim) {
    const std::string right_says = Says(claim);
    const auto key =
        std::tuple(std::string(left), left_says, claim.source, right_says);
    const auto open = open_.find(key);
    if (open != open_.end()) {
      evidence::LineRange& lines = file_.disagreements[open->second].lines;
      if (lines.end == line + 1) return;
      if (lines.end == line) {
        lines.end = line + 1;
        return;
      }
    }
    if (file_.disagreements.size() == kDisagreementsMax) return;
    open_[key] = file_.disagreements.size();
    file_.disagreements.push_back({{line + 1, line + 1},
                                   std::string(left),
                                   left_says,
                                   claim.source,
                                   right_says});
  }

  const BlamedText& text_;
  BlamedFile& file_;
  std::vector<Claims> claims_;
  using Key = std::tuple<std::string, std::string, std::string, std::string,
                         std::string>;
  std::map<Key, uint32_t> origins_;
  std::map<std::tuple<std::string, std::string, std::string, std::string>,
           size_t>
      open_;
};

}  // namespace

void ApplyClaims(const BlamedText& text, BlamedFile* file) {
  if (text.file == nullptr || !text.claims) return;
  Claimer(text, file).Run();
}

}  // namespace cofferdam::blame
