// SPDX-License-Identifier: Apache-2.0
#include "crypto/password.h"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "crypto/pem_file.h"

namespace sallyport::crypto {
namespace {

constexpr std::uint8_t kInterrupt = 3;  // Ctrl-C

Error refused(const char* code, std::string detail) { return {ErrorKind::misconfigured, code, std::move(detail)}; }

bool endsLine(std::uint8_t byte) { return byte == '\n' || byte == '\r'; }

struct Line {
  std::size_t longest;
  const char* code;
  const char* form;
};
constexpr Line kPassword{kLongestPassword, "crypto.password.line", "the first line is the password, 1 to 256 bytes"};
constexpr Line kToken{kLongestToken, "crypto.token.line", "the first line is the token, 1 to 8192 bytes"};

Result<Secret> lineOf(Bytes bytes, const Line& line) {
  const auto end = std::find_if(bytes.begin(), bytes.end(), endsLine);
  const auto size = static_cast<std::size_t>(end - bytes.begin());
  if (size == 0 || size > line.longest) return refused(line.code, line.form);
  return Secret{bytes.first(size)};
}

Result<Secret> lineFromFile(const std::filesystem::path& file, const Line& line) {
  SP_ASSIGN(const auto content, readPemFile(file, Readers::ownerOnly));
  auto first = lineOf(content.bytes(), line);
  if (first) return first;
  auto error = std::move(first).error();
  error.detail = file.string() + ": " + error.detail;
  return error;
}

// Byte by byte: what follows the line stays for who reads next.
Result<Secret> readLine(int descriptor) {
  Secret line{kLongestPassword + 1};
  std::size_t size = 0;
  while (size < line.size()) {
    const auto count = ::read(descriptor, line.mutableBytes().data() + size, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return refused("crypto.password.unreadable", std::strerror(errno));
    if (count == 0 || endsLine(line.bytes()[size])) break;
    if (line.bytes()[size] == kInterrupt) return refused("crypto.password.cancelled", "nothing was changed");
    ++size;
  }
  return lineOf(line.bytes().first(size), kPassword);
}

// A terminal that shows nothing of what is typed and makes no signal of it: an interrupt would leave it mute.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal), valid_(::tcgetattr(terminal, &before_) == 0) {
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ISIG);
    if (valid_) (void)::tcsetattr(terminal_, TCSAFLUSH, &silent);
  }
  ~Silence() {
    if (valid_) (void)::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  const int terminal_;
  termios before_{};
  const bool valid_;
};

void say(int terminal, std::string_view text) { (void)!::write(terminal, text.data(), text.size()); }

Result<Secret> ask(int terminal, const std::string& question) {
  say(terminal, question + ": ");
  const Silence silence{terminal};
  auto line = readLine(terminal);
  say(terminal, "\n");
  return line;
}

}  // namespace

Result<Secret> passwordFromFile(const std::filesystem::path& file) { return lineFromFile(file, kPassword); }

Result<Secret> tokenFromFile(const std::filesystem::path& file) { return lineFromFile(file, kToken); }

Result<Secret> passwordFrom(int descriptor, const PasswordPrompt& prompt) {
  if (::isatty(descriptor) == 0) return readLine(descriptor);
  SP_ASSIGN(auto password, ask(descriptor, prompt.question));
  if (prompt.times == PasswordPrompt::Times::once) return password;
  SP_ASSIGN(const auto again, ask(descriptor, prompt.question + ", again"));
  if (!(again == password)) return refused("crypto.password.differ", "the two are not the same; nothing was changed");
  return password;
}

}  // namespace sallyport::crypto
