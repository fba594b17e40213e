#include "evidence/context.h"

namespace cofferdam::evidence {
namespace {

// The last `count` names of a path, without the slash before them; the whole
// path when it has fewer.
std::string_view LastNames(std::string_view path, int count) {
  size_t end = path.size();
  for (int i = 0; i < count; ++i) {
    size_t slash = end == 0 ? std::string_view::npos : path.rfind('/', end - 1);
    if (slash == std::string_view::npos) return path;
    end = slash;
  }
  return path.substr(end + 1);
}

std::string_view WithoutDot(std::string_view path) {
  while (path.starts_with("./")) path.remove_prefix(2);
  return path;
}

// Whether the model's `path`, absolute or relative to wherever it stood, is
// `in_repository`.
bool IsPath(std::string_view path, std::string_view in_repository) {
  path = WithoutDot(path);
  if (path.size() <= in_repository.size()) return path == in_repository;
  return path.starts_with('/') && path.ends_with(in_repository) &&
         path[path.size() - in_repository.size() - 1] == '/';
}

}  // namespace

std::string_view ContextName(Context context) {
  switch (context) {
    case Context::kNone:
      return "none";
    case Context::kPath:
      return "path";
    case Context::kRepository:
      return "repository";
    case Context::kLater:
      return "later";
    case Context::kSamePath:
      return "same_path";
    case Context::kEarlier:
      return "earlier";
  }
  return "none";
}

Context ContextOf(const DocumentPlace& document, const Origin& origin) {
  if (document.time != 0 && origin.time != 0 && document.time < origin.time)
    return Context::kEarlier;
  if (!document.repository.empty() && !origin.repo.empty()) {
    if (document.repository != origin.repo) return Context::kNone;
    if (!origin.path.empty() &&
        IsPath(origin.path, document.path_in_repository)) {
      return Context::kSamePath;
    }
    return document.time != 0 && origin.time != 0 ? Context::kLater
                                                  : Context::kRepository;
  }
  std::string_view last = LastNames(WithoutDot(origin.path), 2);
  return last.find('/') != std::string_view::npos &&
                 last == LastNames(WithoutDot(document.path), 2)
             ? Context::kPath
             : Context::kNone;
}

}  // namespace cofferdam::evidence
