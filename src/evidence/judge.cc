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
  return !renamed_echo &&
         content.exact_tokens >= ConstantValue("exact_tokens") &&
         content.exact_bits >= ConstantValue("exact_bits");
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
  if (!copy && !IsWeak(content, context_bits, threshold))
    return Strength::kNothing;
  bool close = in_place || context == Context::kLater;
  double tokens_min =
      close ? ConstantValue("strong_tokens_in_place") : threshold.strong_tokens;
  double bits = content.decisive_bits();
  bool enough = bits + context_bits >= StrongBits(content, threshold) ||
                (close && bits >= ConstantValue("strong_bits_in_place"));
  bool strong = !IsEcho(content) && enough &&
                (content.novel_tokens >= tokens_min || IsLong(content));
  return strong || copy ? Strength::kStrong : Strength::kWeak;
}

}  // namespace cofferdam::evidence
