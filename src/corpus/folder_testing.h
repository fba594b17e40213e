#pragma once

#include <string>
#include <string_view>

namespace cofferdam::corpus {

// A folder of its own for one test, removed with all it holds.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(std::string_view name) const;
  // Writes a file, making the folders it stands in; its path.
  std::string Write(std::string_view name, std::string_view bytes) const;
  std::string MakeFolder(std::string_view name) const;

  // Makes `name` ("" for this folder) a git work tree.
  void InitGit(std::string_view name) const;
  void SetOrigin(std::string_view name, const std::string& url) const;
  // Stages `file` of the work tree `name`.
  void Track(std::string_view name, const std::string& file) const;
  // Commits what is staged; the commit in hexadecimal.
  std::string Commit(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace cofferdam::corpus
