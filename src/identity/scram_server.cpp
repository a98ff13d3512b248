// SPDX-License-Identifier: Apache-2.0
#include "identity/scram_server.h"

#include <gsasl.h>

#include <algorithm>

#include "core/secret_text.h"
#include "crypto/encoding.h"
#include "crypto/random.h"
#include "identity/scram_text.h"

namespace sallyport::identity {
namespace {

constexpr std::size_t kSidCharacters = 24;

struct SessionFinish {
  void operator()(Gsasl_session* session) const { gsasl_finish(session); }
};
using Session = std::unique_ptr<Gsasl_session, SessionFinish>;

// What the library asks for while it reads the client's first message. Called back from C: nothing throws.
struct Question {
  const FindScramAccount& find;
  const std::function<ScramVerifier(std::string_view)>& decoy;
  bool known = false;

  void answer(Gsasl_session* session) noexcept {
    const char* name = gsasl_property_fast(session, GSASL_AUTHID);
    const std::string_view user{name != nullptr ? name : ""};
    auto account = find(user);
    auto verifier = decoy(account.whose);  // always made, so that it takes no longer for whom nobody knows
    known = account.verifier.has_value();
    if (known) verifier = *std::move(account.verifier);
    gsasl_property_set(session, GSASL_SCRAM_ITER, std::to_string(verifier.iterations).c_str());
    gsasl_property_set(session, GSASL_SCRAM_SALT, toBase64(verifier.salt).c_str());
    setKey(session, GSASL_SCRAM_STOREDKEY, verifier.stored_key);
    setKey(session, GSASL_SCRAM_SERVERKEY, verifier.server_key);
  }

  static void setKey(Gsasl_session* session, Gsasl_property property, const Secret& key) {
    auto text = crypto::base64Encode(key.bytes());
    gsasl_property_set(session, property, text.c_str());
    cleanse(text);
  }
};

int onQuestion(Gsasl*, Gsasl_session* session, Gsasl_property property) {
  auto* question = static_cast<Question*>(gsasl_session_hook_get(session));
  if (question == nullptr || property != GSASL_SCRAM_ITER) return GSASL_NO_CALLBACK;
  question->answer(session);
  return GSASL_OK;
}

struct Stepped {
  int outcome = GSASL_OK;
  std::string message;
};

Stepped stepOf(Gsasl_session* session, std::string_view input) {
  char* output = nullptr;
  std::size_t size = 0;
  Stepped stepped;
  stepped.outcome = gsasl_step(session, input.data(), input.size(), &output, &size);
  const bool spoke = stepped.outcome == GSASL_OK || stepped.outcome == GSASL_NEEDS_MORE;
  if (spoke && output != nullptr) stepped.message.assign(output, size);
  gsasl_free(output);
  return stepped;
}

// gs2-header and saslname of RFC 5802 7: "n,,n=name," or "y,,n=name,". The library reads the rest, but lets a
// name pass whose escapes are none, which 5.1 has us refuse.
Status checkClientFirst(std::string_view message) {
  if (message.starts_with("p=")) return scramMisbehaved("identity.scram.channel_binding");
  if (!message.starts_with("n,") && !message.starts_with("y,")) {
    return scramMisbehaved("identity.scram.malformed", "no gs2 header");
  }
  message.remove_prefix(2);
  if (message.starts_with("a=")) return scramMisbehaved("identity.scram.authzid");
  if (!message.starts_with(",n=")) return scramMisbehaved("identity.scram.malformed", "no name");
  const auto name = message.substr(3, message.find(',', 3) - 3);
  for (auto at = name.find('='); at != name.npos; at = name.find('=', at + 1)) {
    const auto escape = name.substr(at, 3);
    if (escape != "=2C" && escape != "=3D") return scramMisbehaved("identity.scram.malformed", "a broken escape");
  }
  return success();
}

Error libraryFailed(int outcome) { return {ErrorKind::internal, "identity.scram.library", gsasl_strerror(outcome)}; }

}  // namespace

struct ScramMechanism::Library {
  Library() = default;
  ~Library() { gsasl_done(context); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  Gsasl* context = nullptr;
};

struct ScramServer::Exchange {
  std::string sid;
  TimePoint ends;
  Session session;
  bool known = false;
};

Result<std::shared_ptr<const ScramMechanism>> ScramMechanism::make(ScramPolicy policy, Secret decoy_key) {
  auto library = std::make_unique<Library>();
  if (const auto outcome = gsasl_init(&library->context); outcome != GSASL_OK) return libraryFailed(outcome);
  gsasl_callback_set(library->context, onQuestion);
  return std::shared_ptr<const ScramMechanism>{
      new ScramMechanism{std::move(policy), std::move(decoy_key), std::move(library)}};
}

ScramMechanism::ScramMechanism(ScramPolicy policy, Secret decoy_key, std::unique_ptr<Library> library)
    : policy_(std::move(policy)), decoy_key_(std::move(decoy_key)), library_(std::move(library)) {}
ScramMechanism::~ScramMechanism() = default;

std::string ScramMechanism::challenge() const {
  return std::string{kScramScheme} + " realm=" + quotedString(policy_.realm);
}

ScramVerifier ScramMechanism::decoyFor(std::string_view whose) const {
  const auto made = [&](std::string_view purpose) {
    return crypto::hmacSha256(decoy_key_.bytes(), bytesOf(std::string{purpose}.append(whose)));
  };
  const auto salt = made("salt:");
  return {policy_.iterations, std::string{salt.begin(), salt.begin() + kScramSaltBytes},
          Secret{Bytes{made("stored key:")}}, Secret{Bytes{made("server key:")}}};
}

ScramServer::ScramServer(std::shared_ptr<const ScramMechanism> mechanism) : mechanism_(std::move(mechanism)) {}
ScramServer::~ScramServer() = default;
ScramServer::ScramServer(ScramServer&&) noexcept = default;
ScramServer& ScramServer::operator=(ScramServer&&) noexcept = default;

void ScramServer::expire(TimePoint now) {
  std::erase_if(exchanges_, [now](const auto& exchange) { return exchange->ends <= now; });
}

std::unique_ptr<ScramServer::Exchange> ScramServer::take(std::string_view sid) {
  const auto found =
      std::find_if(exchanges_.begin(), exchanges_.end(), [&](const auto& exchange) { return exchange->sid == sid; });
  if (found == exchanges_.end()) return nullptr;
  auto exchange = std::move(*found);
  exchanges_.erase(found);
  return exchange;
}

Result<ScramStep> ScramServer::step(std::string_view authorization, const FindScramAccount& find, TimePoint now) {
  expire(now);
  SP_ASSIGN(const auto params, AuthParams::parse(authorization));
  if (!params.isScheme(kScramScheme)) return scramMisbehaved("identity.scram.scheme", params.scheme());
  const auto sid = params.find("sid");
  const auto exchange = sid ? take(*sid) : nullptr;  // whatever comes of it, it is not there a second time
  if (sid && !exchange) return Error{ErrorKind::peerDenied, "identity.scram.unknown_sid", {}};
  const auto realm = params.find("realm");
  if (realm ? *realm != mechanism_->policy().realm : !sid) return scramMisbehaved("identity.scram.realm");
  SP_ASSIGN(const auto message, scramMessageIn(params));
  return exchange ? finish(*exchange, message) : begin(message, find, now);
}

Result<ScramStep> ScramServer::begin(std::string_view client_first, const FindScramAccount& find, TimePoint now) {
  SP_TRY(checkClientFirst(client_first));
  Gsasl_session* started = nullptr;
  const auto outcome = gsasl_server_start(mechanism_->library_->context, kScramScheme.data(), &started);
  if (outcome != GSASL_OK) return libraryFailed(outcome);
  const auto& policy = mechanism_->policy();
  auto exchange = std::make_unique<Exchange>(
      Exchange{crypto::randomToken(kSidCharacters), now + policy.lifetime, Session{started}});

  const std::function decoy = [this](std::string_view whose) { return mechanism_->decoyFor(whose); };
  Question question{find, decoy};
  gsasl_session_hook_set(started, &question);
  const auto stepped = stepOf(started, client_first);
  gsasl_session_hook_set(started, nullptr);
  if (stepped.outcome != GSASL_NEEDS_MORE) {
    return scramMisbehaved("identity.scram.malformed", gsasl_strerror(stepped.outcome));
  }
  exchange->known = question.known;
  auto header =
      mechanism_->challenge() + ", sid=" + exchange->sid + ", data=" + quotedString(toBase64(stepped.message));
  if (exchanges_.size() >= policy.max_exchanges) exchanges_.erase(exchanges_.begin());
  exchanges_.push_back(std::move(exchange));
  return ScramStep{ScramStep::Next::challenge, std::move(header), {}};
}

Result<ScramStep> ScramServer::finish(const Exchange& exchange, std::string_view client_final) {
  const auto stepped = stepOf(exchange.session.get(), client_final);
  if (stepped.outcome == GSASL_MECHANISM_PARSE_ERROR) {
    return scramMisbehaved("identity.scram.malformed", "client-final-message");
  }
  if (stepped.outcome != GSASL_OK || !exchange.known) {
    return Error{ErrorKind::peerDenied, "identity.scram.not_proven",
                 exchange.known ? gsasl_strerror(stepped.outcome) : "no such user"};
  }
  return ScramStep{ScramStep::Next::proven, "sid=" + exchange.sid + ", data=" + quotedString(toBase64(stepped.message)),
                   gsasl_property_fast(exchange.session.get(), GSASL_AUTHID)};
}

}  // namespace sallyport::identity
