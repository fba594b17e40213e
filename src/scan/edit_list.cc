#include "scan/edit_list.h"

#include <sys/stat.h>

#include <utility>

namespace cofferdam::scan {
namespace {

bool IsFile(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

std::string OuterPath(const std::string& path) {
  if (path.find('!') == std::string::npos || IsFile(path)) return path;
  for (size_t at = path.find('!'); at != std::string::npos;
       at = path.find('!', at + 1)) {
    std::string outer = path.substr(0, at);
    if (IsFile(outer)) return outer;
  }
  return path;
}

void EditList::OnFinding(const evidence::Finding& finding) {
  const bool goes =
      finding.verdict == policy::Verdict::kForbidden ||
      (options_.ambiguous && finding.verdict == policy::Verdict::kAmbiguous);
  if (!goes) return;
  const evidence::FindingPlace& place = finding.place;
  corpus::RecordEdit* edit = edits_.empty() ? nullptr : &edits_.back();
  if (edit == nullptr || edit->path != place.path ||
      edit->number != place.record || edit->begin != place.record_begin) {
    corpus::RecordEdit next;
    next.path = place.path;
    next.outer = edit != nullptr && edit->path == place.path
                     ? edit->outer
                     : OuterPath(place.path);
    next.number = place.record;
    next.begin = place.record_begin;
    next.end = place.record_end;
    edits_.push_back(std::move(next));
    edit = &edits_.back();
  }
  // A finding without bytes is about all of its record.
  if (options_.action == WriteAction::kDrop ||
      finding.byte_begin == finding.byte_end) {
    edit->drop = true;
    edit->cuts.clear();
  } else if (!edit->drop) {
    edit->cuts.push_back({place.field, finding.byte_begin, finding.byte_end});
  }
}

}  // namespace cofferdam::scan
