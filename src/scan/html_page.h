#pragma once

#include <string>
#include <string_view>

namespace cofferdam::scan {

// What every HTML report holds whatever was found: its style and its script,
// each as it stands between its tags.
std::string_view HtmlStyle();
std::string_view HtmlScript();

// The page up to the first finding. `title` is plain text.
std::string HtmlHead(std::string_view title);

// Bytes as text of an element or a quoted attribute: markup is escaped, control
// characters and bytes that are not UTF-8 are replaced.
std::string HtmlText(std::string_view text);

}  // namespace cofferdam::scan
