#pragma once

#include <array>
#include <span>
#include <string_view>

namespace cofferdam::evidence {

// The numbers of the model of evidence that are the same for every language,
// each with its reason. Those that differ are thresholds (thresholds.h).

struct Constant {
  std::string_view name;
  double value = 0;
  std::string_view unit;
  std::string_view reason;
};

inline constexpr auto kConstants = std::to_array<Constant>({
    {"token_weight", 0.5, "factor",
     "of millions of places those are found that share their shape by chance, "
     "so what tokens tell is worth half of what it says"},
    {"name_weight", 3, "factor",
     "chance hits have names that do not fit each other: in human files this "
     "told copies from coincidence best"},
    {"literal_weight", 2, "factor", "equal literals count less than names"},
    {"repeated_share", 0.2, "share",
     "a token whose last six matched tokens stood in the match before counts a "
     "fifth: tables and test cases repeat themselves"},
    {"name_new", 1, "bits/name", "both sides bring in a name at one place"},
    {"name_again_min", 1, "bits/name",
     "the name that came last stands here again on both sides"},
    {"name_again_max", 3, "bits/name",
     "a name from farther back stands here again on both sides"},
    {"name_broken", -4, "bits/name",
     "a name that contradicts the renaming of the others: idioms share shapes, "
     "not names"},
    {"name_kept", 0.3, "bits/name",
     "each name that is the same on both sides, once; half of them may be the "
     "library's or what everybody would have chosen"},
    {"number_kept", 1, "bits/literal", "most numbers are 0, 1 and 2"},
    {"string_kept", 3, "bits/literal", "few strings are common"},
    {"no_background_weak", 2.5, "factor",
     "what is weak is so much more where no background is given: then nobody "
     "knows what everybody writes"},
    {"no_background_strong", 2, "factor", "the same for what is strong"},
    {"no_model_identifier", 0.5, "bits/token",
     "without a background: every other token is one"},
    {"no_model_operator", 0.9, "bits/token",
     "without a background: with the others 0.9 bits for an average token"},
    {"no_model_keyword", 2.5, "bits/token",
     "without a background: rarer than operators"},
    {"no_model_number", 2, "bits/token", "without a background: one class"},
    {"no_model_string", 1.5, "bits/token", "without a background: one class"},
    {"no_model_word", 3, "bits/token", "without a background: prose"},
    {"context_path", 10, "bits",
     "the last two names of the path where no repository is known"},
    {"context_repository", 20, "bits", "the same repository, another path"},
    {"context_later", 60, "bits",
     "the same, and the text is younger than the output: of what stands in one "
     "repository and came later, a model's output is likely the origin"},
    {"context_same_path", 80, "bits",
     "the same path of the same repository, if every name was changed"},
    {"context_unchanged", 160, "bits",
     "added to the last one in so far as names were kept beyond one half, so "
     "that ten plain lines are decisive where a model wrote them"},
    {"echo_share", 0.3, "share",
     "of echoed tokens, from which on a match is an echo, ambiguous at most: "
     "where a person's text was changed here and there, what lies between two "
     "changes is often shorter than an echo. Under other names it must reach "
     "what is strong to be reported at all, since people write the next thing "
     "in the shape of the last, and so do models"},
    {"weak_tokens", 25, "tokens", "nothing shorter is reported by itself"},
    {"wide_tokens", 80, "tokens",
     "so much is reported, whatever its family's `weak`, ..."},
    {"wide_bits", 50, "bits",
     "... from here on: in a family whose people reach much by short and dense "
     "matches, edited code would not be seen"},
    {"strong_tokens_in_place", 30, "tokens",
     "at the same path content of fewer tokens is at most ambiguous"},
    {"strong_bits_in_place", 50, "bits",
     "which suffice there: thresholds are what chance reaches among all places "
     "of a corpus and a ledger, and one file after one exchange is one place"},
    {"later_bits", 60, "bits",
     "decide later in the same repository, of those that names which are the "
     "same on both sides add nothing to: whoever works on a repository uses "
     "its names and writes the next thing in the shape of the last, so there "
     "chance is not what misleads, ..."},
    {"later_tokens", 25, "tokens", "... of content of so many tokens, ..."},
    {"later_exact_tokens", 30, "tokens",
     "... or a run of so many with all names and literals, which is a copy "
     "whoever made it, if strong_bits_in_place speak for it"},
    {"later_weak_bits", 50, "bits",
     "reported there, names that are the same left out, ..."},
    {"later_weak_content_bits", 140, "bits",
     "... or so many with them: less is what every file shares with its "
     "neighbours"},
    {"long_tokens", 140, "tokens",
     "from here on content is long, and its family's `long` decides: nine "
     "models' answers to one task coincide up to a sixth less, as does what "
     "people write alike by chance, which is short and dense, ..."},
    {"long_novel_tokens", 60, "tokens",
     "... if nothing else explains so many of them"},
    {"exact_tokens", 40, "tokens",
     "a run with all its names and literals is reported from here on, ..."},
    {"exact_bits", 60, "bits", "... if its tokens tell at least this much"},
    {"copy_share", 1.25, "share",
     "of the tokens that a family asks of strong evidence, ..."},
    {"copy_tokens_max", 120, "tokens",
     "... but not more: a run that long with all its names and literals is a "
     "copy whatever its bits, since at 50 tokens it counts as shared ancestry, "
     "..."},
    {"copy_bits", 60, "bits",
     "... if its tokens and names tell at least this much, ..."},
    {"copy_name", 3, "bits/name",
     "... each identifier or string of it once, ..."},
    {"copy_novel", 0.5, "share", "... and so much of it, ..."},
    {"copy_novel_tokens", 50, "tokens",
     "... or so many tokens, are explained by nothing else"},
    {"stretch_share", 0.9, "share",
     "of what an output wrote in one place; a match that covers so much of it "
     "is reported from 15 tokens on at the same path"},
});

inline std::span<const Constant> Constants() { return kConstants; }

consteval double ConstantValue(std::string_view name) {
  for (const Constant& constant : kConstants) {
    if (constant.name == name) return constant.value;
  }
  throw "no such constant";
}

}  // namespace cofferdam::evidence
