#pragma once

#include <string>

namespace cofferdam::cli {

// Shows an http(s) address in the person's browser, if there is a display and
// xdg-open; else, or where it fails, nothing happens. Whether it was tried. No
// shell sees the address. Does not wait.
bool OpenBrowser(const std::string& url);

}  // namespace cofferdam::cli
