// SPDX-License-Identifier: Apache-2.0
#include "call/register_reader.h"

#include <algorithm>

#include "core/numbers.h"
#include "sip/char_class.h"
#include "sip/header_lexer.h"
#include "sip/request_check.h"

namespace sallyport::call {
namespace {

using identity::PeerKind;
using sip::excerpt;
using sip::HeaderId;
using sip::misbehaved;
using std::chrono::seconds;

constexpr std::size_t kLongestUri = 512;
constexpr std::size_t kLongestInstance = 256;
constexpr std::size_t kLongestPath = 2'048;
constexpr std::size_t kLongestUserAgent = 128;
constexpr std::uint64_t kMostSeconds = 0xFFFF'FFFF;  // RFC 3261 20.19
constexpr std::uint64_t kMostRegId = 0x7FFF'FFFF;    // RFC 5626 11.1

Error denied(const char* code, std::string_view detail = {}) { return {ErrorKind::peerDenied, code, excerpt(detail)}; }

std::string lowered(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), sip::lower);
  return out;
}

// "alice@example.org": parameters and port are no part of an address of record (RFC 3261 10.3 step 5).
std::optional<std::string> aorOf(std::string_view uri_text) {
  const auto uri = sip::Uri::parse(uri_text);
  if (!uri || uri->user.empty()) return std::nullopt;
  return std::string{uri->user} + "@" + lowered(uri->host);
}

bool isOurs(const RegistrarSettings& settings, std::string_view aor) {
  const auto domain = aor.substr(aor.rfind('@') + 1);
  return std::find(settings.domains.begin(), settings.domains.end(), domain) != settings.domains.end();
}

bool isPathPeer(const RegisterRequest& request, const RegistrarSettings& settings) {
  return request.principal.kind() == PeerKind::peer && settings.path_peers.count(request.principal.peer()) > 0;
}

// Whose bindings the request is about. One answer for all that is refused, whichever addresses exist.
Result<std::string> judgedAor(const RegisterRequest& request, const RegistrarSettings& settings) {
  const auto& message = request.message;
  const auto aor = aorOf(message.to().uri);
  if (!aor || !isOurs(settings, *aor)) return denied("registrar.aor.foreign", message.to().uri);
  if (request.principal.kind() == PeerKind::device) {
    if (*aor != aorOf("sip:" + request.principal.identity())) {
      return denied("registrar.aor.foreign", message.to().uri);
    }
  } else if (!isPathPeer(request, settings) || !message.has(HeaderId::path)) {
    return denied("registrar.aor.foreign", message.to().uri);
  }
  if (aorOf(message.from().uri) != aor) return denied("registrar.from.foreign", message.from().uri);
  return *aor;
}

Result<std::string> readPath(const RegisterRequest& request, const RegistrarSettings& settings) {
  const auto& message = request.message;
  if (!message.has(HeaderId::path)) return std::string{};
  if (!isPathPeer(request, settings)) return denied("registrar.path.denied");
  if (!message.listContains(HeaderId::supported, "path")) return denied("registrar.path.unsupported");
  std::string path;
  SP_ASSIGN(const auto hops, message.nameAddrs(HeaderId::path));
  for (const auto& hop : hops) {
    const auto uri = sip::Uri::parse(hop.uri);
    if (!uri || (!uri->isSip() && !uri->isSips()) || !uri->params.has("lr")) {
      return misbehaved("registrar.path.invalid", excerpt(hop.uri));
    }
    if (!path.empty()) path += ", ";
    path.append("<").append(hop.uri).append(">");
  }
  if (path.size() > kLongestPath) return misbehaved("registrar.path.too_long");
  return path;
}

// qvalue of RFC 3261 25.1, in thousandths: "1", "0.5", "0.123".
std::optional<unsigned> readQ(std::string_view text) {
  const auto dot = text.find('.');
  const auto whole = parseUnsigned(text.substr(0, dot), 0, 1);
  if (!whole || text.substr(0, dot).size() != 1) return std::nullopt;
  auto q = static_cast<unsigned>(*whole) * kWholeQ;
  if (dot != std::string_view::npos) {
    unsigned weight = kWholeQ / 10;
    for (const char digit : text.substr(dot + 1)) {
      if (!sip::isDigit(digit) || weight == 0) return std::nullopt;
      q += static_cast<unsigned>(digit - '0') * weight;
      weight /= 10;
    }
  }
  if (q > kWholeQ) return std::nullopt;
  return q;
}

// The URN between its angle brackets, as it can be given back between quotes.
Result<std::string> readInstance(std::string_view text) {
  const bool bracketed = text.size() > 2 && text.front() == '<' && text.back() == '>';
  if (!bracketed || text.size() > kLongestInstance) return misbehaved("registrar.contact.instance", excerpt(text));
  text = text.substr(1, text.size() - 2);
  if (!sip::allIn(text, sip::kUriChar) || text.find('\\') != std::string_view::npos) {
    return misbehaved("registrar.contact.instance", excerpt(text));
  }
  return std::string{text};
}

Result<ContactKey> readKey(const sip::NameAddr& contact, ReadRegister::Outbound outbound) {
  if (contact.uri.size() > kLongestUri) return misbehaved("registrar.contact.too_long");
  const auto uri = sip::Uri::parse(contact.uri);
  if (!uri || (!uri->isSip() && !uri->isSips())) {
    return misbehaved("registrar.contact.scheme", excerpt(contact.uri));
  }
  ContactKey key{std::string{contact.uri}, {}, 0};
  if (const auto instance = contact.params.find("+sip.instance")) {
    SP_ASSIGN(key.instance, readInstance(*instance));
  }
  if (const auto reg_id = contact.params.find("reg-id")) {
    const auto number = parseUnsigned(*reg_id, 1, kMostRegId);
    if (!number) return misbehaved("registrar.contact.reg_id", excerpt(*reg_id));
    // Without an instance it says nothing, and to who does not support outbound neither (RFC 5626 6).
    const bool counts = outbound == ReadRegister::Outbound::performed && !key.instance.empty();
    if (counts) key.reg_id = static_cast<std::uint32_t>(*number);
  }
  return key;
}

// What the contact asks for; a value that is no number means the default (RFC 3261 20.10, 20.19).
seconds wantedExpires(const sip::Message& message, const sip::NameAddr& contact, const RegistrarSettings& settings) {
  auto text = contact.params.find("expires");
  if (!text) text = message.header(HeaderId::expires);
  if (!text) return settings.default_expires;
  const auto number = parseUnsigned(*text, 0, kMostSeconds);
  return number ? seconds{*number} : settings.default_expires;
}

class Reader {
 public:
  Reader(const RegisterRequest& request, const RegistrarSettings& settings, unsigned worker, WallTime now)
      : request_(request), message_(request.message), settings_(settings), worker_(worker), now_(now) {}

  Result<ReadRegister> read() {
    const auto lacking = sip::unsupportedOptions(message_, {.option_tags = kRegisterOptionTags, .session_types = {}});
    if (!lacking.empty()) return misbehaved("registrar.require.unsupported", excerpt(lacking.front()));
    auto& change = result_.change;
    SP_ASSIGN(change.aor, judgedAor(request_, settings_));
    if (request_.principal.expires() && *request_.principal.expires() <= now_) return denied("registrar.proof.expired");
    SP_ASSIGN(path_, readPath(request_, settings_));
    change.call_id = message_.callId();
    change.cseq = message_.cseq();
    SP_ASSIGN(const auto contacts, message_.nameAddrs(HeaderId::contact));
    if (message_.listContains(HeaderId::supported, "outbound")) SP_TRY(judgeOutbound(contacts));
    for (const auto& contact : contacts) {
      if (contact.uri == "*") {
        if (contacts.size() > 1 || message_.header(HeaderId::expires) != "0") {
          return misbehaved("registrar.contact.wildcard");
        }
        change.extent = RegistrationChange::Extent::all;
        break;
      }
      SP_TRY(readContact(contact));
    }
    return std::move(result_);
  }

 private:
  // RFC 5626 6: one flow, so one contact; and the first hop keeps the flow: we do, a peer says so by `ob`.
  Status judgeOutbound(const std::vector<sip::NameAddr>& contacts) {
    const auto is_flow = [](const sip::NameAddr& contact) {
      return contact.params.has("reg-id") && contact.params.has("+sip.instance");
    };
    if (std::none_of(contacts.begin(), contacts.end(), is_flow)) return success();
    if (contacts.size() > 1) return misbehaved("registrar.outbound.multiple");
    if (!path_.empty()) {
      SP_ASSIGN(const auto hops, message_.nameAddrs(HeaderId::path));
      const auto first_hop = sip::Uri::parse(hops.back().uri);
      if (!first_hop || !first_hop->params.has("ob")) return misbehaved("registrar.outbound.first_hop");
    }
    result_.outbound = ReadRegister::Outbound::performed;
    return success();
  }

  Status readContact(const sip::NameAddr& contact) {
    auto& change = result_.change;
    SP_ASSIGN(auto key, readKey(contact, result_.outbound));
    const auto is_same = [&](const ContactKey& other) { return key.matches(other); };
    if (std::any_of(change.removals.begin(), change.removals.end(), is_same) ||
        std::any_of(change.updates.begin(), change.updates.end(),
                    [&](const Binding& binding) { return is_same(binding.contact); })) {
      return misbehaved("registrar.contact.repeated", excerpt(contact.uri));
    }
    const auto wanted = wantedExpires(message_, contact, settings_);
    if (wanted == seconds{0}) {
      change.removals.push_back(std::move(key));
      return success();
    }
    if (wanted < settings_.min_expires) {
      return misbehaved("registrar.expires.brief", std::to_string(wanted.count()) + " s");
    }
    SP_ASSIGN(auto binding, bindingOf(contact));
    binding.contact = std::move(key);
    binding.expires = now_ + std::min(wanted, settings_.max_expires);
    if (const auto& proof_ends = request_.principal.expires()) binding.expires = std::min(binding.expires, *proof_ends);
    change.updates.push_back(std::move(binding));
    return success();
  }

  Result<Binding> bindingOf(const sip::NameAddr& contact) const {
    Binding binding;
    if (const auto text = contact.params.find("q")) {
      const auto q = readQ(*text);
      if (!q) return misbehaved("registrar.contact.q", excerpt(*text));
      binding.q = *q;
    }
    binding.aor = result_.change.aor;
    binding.call_id = result_.change.call_id;
    binding.cseq = result_.change.cseq;
    binding.path = path_;
    binding.flow = request_.flow;
    binding.worker = worker_;
    binding.peer = request_.principal.peer();
    binding.identity = request_.principal.identity();
    binding.proof = request_.principal.proofs().toString();
    binding.user_agent = message_.header(HeaderId::userAgent).value_or("").substr(0, kLongestUserAgent);
    binding.source = request_.source;
    binding.transport = request_.transport;
    binding.registered = now_;
    return binding;
  }

  const RegisterRequest& request_;
  const sip::Message& message_;
  const RegistrarSettings& settings_;
  const unsigned worker_;
  const WallTime now_;
  std::string path_;
  ReadRegister result_;
};

}  // namespace

bool ReadRegister::isQuery() const {
  return change.extent == RegistrationChange::Extent::listed && change.updates.empty() && change.removals.empty();
}

Result<ReadRegister> readRegister(const RegisterRequest& request, const RegistrarSettings& settings, unsigned worker,
                                  WallTime now) {
  return Reader{request, settings, worker, now}.read();
}

}  // namespace sallyport::call
