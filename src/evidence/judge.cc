#include "evidence/judge.h"

#include <algorithm>

#include "evidence/constants.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {

double ContextBits(Context context, const ContentEvidence& content) {
  // What something else explains is as likely to stand here because of that,
  // so the context speaks for the rest alone.
  double novel_share =
      content.tokens == 0
          ? 1
          : static_cast<double>(content.novel_tokens) / content.tokens;
  switch (context) {
    case Context::kNone:
    case Context::kEarlier:
      return 0;
    case Context::kPath:
      return ConstantValue("context_path") * novel_share;
    case Context::kRepository:
      return ConstantValue("context_repository") * novel_share;
    case Context::kLater:
      return ConstantValue("context_later") * novel_share;
    case Context::kSamePath:
      return (ConstantValue("context_same_path") +
              ConstantValue("context_unchanged") *
                  std::max(0.0, 2 * content.kept_share - 1)) *
             novel_share;
  }
  return 0;
}

namespace {

bool IsExactRun(const ContentEvidence& content) {
  return content.exact_tokens >= ConstantValue("exact_tokens") &&
         content.exact_bits >= ConstantValue("exact_bits");
}

// Of what stands later in the output's repository: with context bits every
// line that looks like its neighbours would be reported.
bool IsWeakLater(const ContentEvidence& content) {
  return IsExactRun(content) ||
         content.renamed_bits() >= ConstantValue("later_weak_bits") ||
         content.decisive_bits() >= ConstantValue("later_weak_content_bits");
}

bool IsWeak(const ContentEvidence& content, double context_bits,
            const Threshold& threshold) {
  bool renamed_echo = IsEcho(content) && content.kept_share < 0.5;
  double weak = threshold.weak_bits;
  if (content.tokens >= ConstantValue("wide_tokens"))
    weak = std::min(weak, threshold.wide_bits);
  if (content.bits() >= (renamed_echo ? threshold.strong_bits : weak))
    return true;
  if (content.novel_tokens > 0 &&
      content.novel_token_bits + content.novel_name_bits + context_bits >=
          threshold.weak_bits) {
    return true;
  }
  return !renamed_echo && IsExactRun(content);
}

// Whether it decides where it stands later in the output's repository, whatever
// other places would ask: by what it tells without the names that both sides
// have alike, or by a run with all of them.
bool DecidesLater(const ContentEvidence& content) {
  return content.novel_tokens >= ConstantValue("later_tokens") &&
         (content.renamed_bits() >= ConstantValue("later_bits") ||
          (content.decisive_bits() >= ConstantValue("strong_bits_in_place") &&
           content.exact_tokens >= ConstantValue("later_exact_tokens")));
}

}  // namespace

bool IsCopy(const ContentEvidence& content, const Threshold& threshold) {
  double tokens_min =
      std::min(ConstantValue("copy_share") * threshold.strong_tokens,
               ConstantValue("copy_tokens_max"));
  double novel_min =
      std::min(ConstantValue("copy_novel") * content.exact_tokens,
               ConstantValue("copy_novel_tokens"));
  return content.exact_tokens >= tokens_min &&
         content.exact_novel_tokens >= novel_min &&
         content.exact_bits +
                 ConstantValue("copy_name") * content.exact_names >=
             ConstantValue("copy_bits");
}

bool IsLong(const ContentEvidence& content) {
  return content.tokens >= ConstantValue("long_tokens") &&
         content.novel_tokens >= ConstantValue("long_novel_tokens");
}

double StrongBits(const ContentEvidence& content, const Threshold& threshold) {
  return IsLong(content) ? threshold.long_bits : threshold.strong_bits;
}

Strength Judge(const ContentEvidence& content, Context context,
               bool whole_stretch, const Threshold& threshold) {
  // What stood there before cannot come from the output.
  if (context == Context::kEarlier) return Strength::kNothing;
  double context_bits = ContextBits(context, content);
  bool in_place = context == Context::kSamePath;
  if (content.tokens < ConstantValue("weak_tokens") &&
      !(in_place && whole_stretch &&
        content.tokens >= fingerprint::kGuarantee)) {
    return Strength::kNothing;
  }
  bool copy = IsCopy(content, threshold);
  bool later = context == Context::kLater;
  bool decides_later = later && !IsEcho(content) && DecidesLater(content);
  if (copy || decides_later) return Strength::kStrong;
  if (later ? !IsWeakLater(content)
            : !IsWeak(content, context_bits, threshold)) {
    return Strength::kNothing;
  }
  double tokens_min = in_place ? ConstantValue("strong_tokens_in_place")
                               : threshold.strong_tokens;
  double bits = content.decisive_bits();
  // What decides anywhere decides later in the repository, too, without the
  // bits of the place.
  double enough = StrongBits(content, threshold) - (later ? 0 : context_bits);
  bool strong = !IsEcho(content) &&
                (bits >= enough ||
                 (in_place && bits >= ConstantValue("strong_bits_in_place"))) &&
                (content.novel_tokens >= tokens_min || IsLong(content));
  return strong ? Strength::kStrong : Strength::kWeak;
}

}  // namespace cofferdam::evidence
