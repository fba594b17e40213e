#include "console/publisher.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/file.h"
#include "base/thread_name.h"
#include "http/client.h"
#include "http/url.h"

namespace cofferdam::console {
namespace {

constexpr std::string_view kLatest = "latest.txt";

std::string NameOf(const seal::Checkpoint& checkpoint) {
  return fmt::format("checkpoint-{:012}-{:012}.txt", checkpoint.ledger.size,
                     checkpoint.audit.size);
}

}  // namespace

Result<bool> IsUrlTarget(std::string_view target) {
  if (target.find("://") == std::string_view::npos) return false;
  TRY(http::Url::Parse(target));
  return true;
}

class Publisher::Impl {
 public:
  Impl(PublisherOptions options, Checkpoints& checkpoints, const Clock& clock,
       const Logger& logger)
      : options_(std::move(options)),
        checkpoints_(checkpoints),
        clock_(clock),
        logger_(logger) {
    thread_ = std::thread([this] {
      SetThreadName("publisher");
      Run();
    });
  }

  ~Impl() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    // Not to wait at the end for what did not answer before.
    if (reported_.empty()) Report(Publish());
  }

  Status Publish() {
    std::lock_guard publishing(publish_mutex_);
    TRY_ASSIGN(const Checkpoints::Signed made, checkpoints_.Make());
    if (last_ && last_->ledger == made.checkpoint.ledger &&
        last_->audit == made.checkpoint.audit) {
      return {};
    }
    const std::string name = NameOf(made.checkpoint);
    for (const std::string_view as : {std::string_view(name), kLatest}) {
      Status put = Put(as, made.note);
      if (!put.ok()) {
        return std::move(put).error().Within(
            fmt::format("publish {} to {}", as, options_.target));
      }
    }
    last_ = made.checkpoint;
    std::lock_guard lock(mutex_);
    ++counts_.published;
    counts_.last_micros = clock_.WallMicros();
    return {};
  }

  Counts counts() const {
    std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  Status Put(std::string_view name, const std::string& note) {
    TRY_ASSIGN(const bool url, IsUrlTarget(options_.target));
    if (!url) {
      TRY(MakeFolder(options_.target, 0755));
      return WriteFileAtomically(fmt::format("{}/{}", options_.target, name),
                                 note, 0644);
    }
    http::RequestHead head;
    head.method = "PUT";
    head.target = fmt::format("/{}", name);
    head.headers.Add("content-type", "text/plain; charset=utf-8");
    http::FetchOptions fetch;
    fetch.timeout_ms = options_.timeout_ms;
    TRY_ASSIGN(const http::Response response,
               http::Fetch(options_.target, head, note, fetch));
    if (response.head.status < 200 || response.head.status > 299) {
      return Error(Code::kUnavailable,
                   fmt::format("answered {}", response.head.status));
    }
    return {};
  }

  // Says a failure once, not at every try.
  void Report(const Status& status) {
    const std::string message = status.ok() ? "" : status.error().message();
    {
      std::lock_guard lock(mutex_);
      if (!status.ok()) ++counts_.failed;
    }
    if (!status.ok() && message != reported_) {
      logger_.Error("checkpoint_not_published", {{"reason", message}});
    }
    reported_ = message;
  }

  void Run() {
    const auto every = std::chrono::seconds(options_.every_s);
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      Report(Publish());
      lock.lock();
      wake_.wait_for(lock, every, [this] { return stopping_; });
    }
  }

  const PublisherOptions options_;
  Checkpoints& checkpoints_;
  const Clock& clock_;
  const Logger& logger_;
  std::string reported_;

  std::mutex publish_mutex_;
  std::optional<seal::Checkpoint> last_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Counts counts_;
  bool stopping_ = false;

  std::thread thread_;
};

Publisher::Publisher(PublisherOptions options, Checkpoints& checkpoints,
                     const Clock& clock, const Logger& logger)
    : impl_(std::make_unique<Impl>(std::move(options), checkpoints, clock,
                                   logger)) {}
Publisher::~Publisher() = default;

Status Publisher::Publish() { return impl_->Publish(); }
Publisher::Counts Publisher::counts() const { return impl_->counts(); }

std::string Publisher::MetricsText() const {
  const Counts now = counts();
  return fmt::format(
      "# HELP cofferdam_checkpoints_published_total Signed checkpoints that "
      "were published.\n"
      "# TYPE cofferdam_checkpoints_published_total counter\n"
      "cofferdam_checkpoints_published_total {}\n"
      "# HELP cofferdam_checkpoint_failures_total Checkpoints that could not "
      "be published.\n"
      "# TYPE cofferdam_checkpoint_failures_total counter\n"
      "cofferdam_checkpoint_failures_total {}\n"
      "# HELP cofferdam_checkpoint_last_seconds When one was published last, "
      "seconds since 1970.\n"
      "# TYPE cofferdam_checkpoint_last_seconds gauge\n"
      "cofferdam_checkpoint_last_seconds {}\n",
      now.published, now.failed, now.last_micros / 1'000'000);
}

}  // namespace cofferdam::console
