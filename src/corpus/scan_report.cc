#include "corpus/scan_report.h"

namespace cofferdam::corpus {
namespace {

constexpr std::string_view kHtml =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"generator\" content=\"cofferdam scan\">\n";
constexpr std::string_view kSarif =
    "{\"$schema\":\"https://docs.oasis-open.org/sarif/";
constexpr std::string_view kSarifTool =
    "\"runs\":[{\"tool\":{\"driver\":{\"name\":\"cofferdam\",";
constexpr std::string_view kFindings = "{\"findings\":[";
constexpr std::string_view kNoFindings = "],\"passed_over\":[";
constexpr std::string_view kSummary = "{\"kind\":\"summary\",\"passed_over\":";

bool Has(std::string_view head, std::string_view words) {
  return head.find(words) != std::string_view::npos;
}

// A line of JSON lines, or the first finding of a list.
bool IsFinding(std::string_view head) {
  if (head.starts_with("{\"kind\":\"passed_over\",\"path\":\""))
    return Has(head, ",\"reason\":\"");
  const bool match = head.starts_with("{\"kind\":\"match\",\"path\":\"");
  if (!match && !head.starts_with("{\"kind\":\"marked\",\"path\":\""))
    return false;
  return Has(head, ",\"verdict\":\"") && Has(head, ",\"why\":\"");
}

}  // namespace

bool IsScanReport(std::string_view head) {
  if (head.empty() || (head[0] != '{' && head[0] != '<')) return false;
  head = head.substr(0, kScanReportProbeBytes);
  if (head[0] == '<') return head.starts_with(kHtml);
  if (head.starts_with(kSarif)) return Has(head, kSarifTool);
  if (head.starts_with(kSummary) || IsFinding(head)) return true;
  if (!head.starts_with(kFindings)) return false;
  head.remove_prefix(kFindings.size());
  return head.starts_with(kNoFindings) || IsFinding(head);
}

}  // namespace cofferdam::corpus
