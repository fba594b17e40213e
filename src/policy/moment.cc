#include "policy/moment.h"

#include "base/clock.h"

namespace cofferdam::policy {

std::string Moment(int64_t micros) {
  constexpr size_t kToTheMinute = sizeof("2026-11-21T07:45") - 1;
  std::string text = FormatTime(micros).substr(0, kToTheMinute);
  text[text.find('T')] = ' ';
  return text + " UTC";
}

}  // namespace cofferdam::policy
