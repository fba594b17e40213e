#include "cli/config_internal.h"
#include "http/url.h"

namespace cofferdam::cli {
namespace {

constexpr int64_t kDollarsMax = 1'000'000'000;

void ReadPrivacy(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "privacy");
  reader->Flag(section.get(), "privacy", "individuals",
               "whether reports may tell what one person did",
               &config->individuals);
  section.Finish();
}

void ReadBudget(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "budget");
  reader->Number(section.get(), "budget", "person_month_dollars", 0,
                 kDollarsMax,
                 "dollars a month for each person that no cap was set for; 0 "
                 "for no such cap",
                 &config->person_month_dollars);
  section.Finish();
}

void ReadAlertsCredential(TomlTable* table, Config* config) {
  auto credential = table->Table("credential");
  if (!credential) return;
  gate::CredentialOptions& options = config->alerts_credential;
  options.env = credential->String("env").value_or("");
  options.file = credential->String("file").value_or("");
  if (options.env.empty() == options.file.empty()) {
    credential->Complain("", "needs one of env and file");
  }
  credential->Finish();
  if (!table->Has("webhook")) table->Missing("webhook");
}

void ReadAlerts(TomlTable* root, Reader* reader, Config* config) {
  Section section(root, "alerts");
  TomlTable* table = section.get();
  reader->Text(table, "alerts", "webhook",
               "URL that is told when 80 and 100 % of a cap are spent; empty "
               "for none",
               &config->alerts_webhook);
  if (table) {
    if (!config->alerts_webhook.empty()) {
      const std::string& webhook = config->alerts_webhook;
      const auto url = http::Url::Parse(webhook.substr(0, webhook.find('?')));
      if (!url.ok()) table->Complain("webhook", url.error().message());
    }
    ReadAlertsCredential(table, config);
  }
  section.Finish();
}

}  // namespace

void ReadAccount(TomlTable* root, Reader* reader, Config* config) {
  ReadPrivacy(root, reader, config);
  ReadBudget(root, reader, config);
  ReadAlerts(root, reader, config);
}

}  // namespace cofferdam::cli
