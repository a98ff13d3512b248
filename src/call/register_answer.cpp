// SPDX-License-Identifier: Apache-2.0
#include "call/register_answer.h"

#include <array>
#include <cstdio>

#include "sip/char_class.h"
#include "sip/message_writer.h"
#include "sip/request_check.h"

namespace sallyport::call {
namespace {

using sip::HeaderId;

constexpr const char* kRetryAfter = "30";

std::string name(HeaderId id) { return std::string{sip::toString(id)}; }

// rfc1123-date of RFC 3261 25.1.
std::string sipDate(WallTime now) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::seconds>(now - day)};
  std::array<char, 64> text{};
  (void)std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                      kDays[std::chrono::weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                      kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                      static_cast<int>(time.seconds().count()));
  return text.data();
}

// As a URI parameter's value.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (sip::isIn(c, sip::kUriParamChar) && c != '=') {
      out += c;
    } else {
      std::array<char, 4> hex{};
      (void)std::snprintf(hex.data(), hex.size(), "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += hex.data();
    }
  }
  return out;
}

void appendGruus(std::string& out, const Binding& binding) {
  const auto domain = std::string_view{binding.aor}.substr(binding.aor.rfind('@'));
  out.append(";pub-gruu=\"sip:").append(binding.aor).append(";gr=").append(escaped(binding.contact.instance));
  out.append("\";temp-gruu=\"sip:").append(binding.token).append(domain).append(";gr\"");
}

std::string contactText(const Binding& binding, const AnswerNeeds& needs, WallTime now) {
  // Rounded up: a moment passes between granting a second and saying so.
  const auto left = std::chrono::ceil<std::chrono::seconds>(binding.expires - now);
  std::string out;
  out.append("<").append(binding.contact.uri).append(">;expires=").append(std::to_string(left.count()));
  if (binding.q < kWholeQ) out.append(";q=").append(qText(binding.q));
  const auto& contact = binding.contact;
  if (!contact.instance.empty()) out.append(";+sip.instance=\"<").append(contact.instance).append(">\"");
  if (contact.reg_id != 0) out.append(";reg-id=").append(std::to_string(contact.reg_id));
  if (needs.gruu == AnswerNeeds::Gruu::wanted && !contact.instance.empty()) appendGruus(out, binding);
  return out;
}

int statusOf(const Error& error) {
  const std::string_view code{error.code};
  if (code == "registrar.expires.brief") return 423;
  if (code == "registrar.require.unsupported" || code == "registrar.path.denied") return 420;
  if (code == "registrar.path.unsupported") return 421;
  if (code == "registrar.outbound.first_hop") return 439;
  if (code == "registrar.cseq.old") return 500;
  return sip::statusFor(error);
}

}  // namespace

AnswerNeeds answerNeeds(const ReadRegister& read, const RegisterRequest& request) {
  AnswerNeeds needs;
  if (!read.change.updates.empty()) needs.path = read.change.updates.front().path;
  if (request.message.listContains(HeaderId::supported, "gruu")) needs.gruu = AnswerNeeds::Gruu::wanted;
  if (request.message.listContains(HeaderId::accept, kIceServersType)) needs.relayed = read.change.aor;
  needs.outbound = read.outbound;
  needs.transport = request.transport;
  needs.listener = request.listener;
  return needs;
}

RegisterAnswer grantedAnswer(const std::vector<BindingPtr>& bound, const AnswerNeeds& needs,
                             const RegistrarSettings& settings, WallTime now) {
  RegisterAnswer answer;
  auto& headers = answer.headers;
  for (const auto& binding : bound) headers.emplace_back(name(HeaderId::contact), contactText(*binding, needs, now));
  if (!needs.path.empty()) headers.emplace_back(name(HeaderId::path), needs.path);
  if (settings.sent_by) {
    headers.emplace_back(name(HeaderId::serviceRoute),
                         "<" + settings.sent_by->uri(needs.transport, {}, needs.listener) + ";lr>");
  }
  if (needs.outbound == ReadRegister::Outbound::performed) {
    headers.emplace_back(name(HeaderId::require), "outbound");
    if (settings.flow_timer) headers.emplace_back("Flow-Timer", std::to_string(settings.flow_timer->count()));
  }
  headers.emplace_back(name(HeaderId::supported), "gruu, outbound, path");
  headers.emplace_back(name(HeaderId::date), sipDate(now));
  const bool relays = settings.turn != nullptr && !needs.relayed.empty() && !bound.empty();
  if (relays) answer.body = settings.turn->documentFor(needs.relayed, now);
  return answer;
}

std::string unsupportedIn(const sip::Message& request) {
  std::string tags;
  for (const auto tag : sip::unsupportedOptions(request, {.option_tags = kRegisterOptionTags, .session_types = {}})) {
    tags.append(tags.empty() ? "" : ", ").append(tag);
  }
  return tags.empty() ? "path" : tags;  // Path came from who may not send it
}

RegisterAnswer refusedAnswer(Error error, const RegistrarSettings& settings, std::string unsupported) {
  RegisterAnswer answer;
  answer.status = statusOf(error);
  const std::string_view code{error.code};
  auto& headers = answer.headers;
  if (answer.status == 423) {
    headers.emplace_back(name(HeaderId::minExpires), std::to_string(settings.min_expires.count()));
  }
  if (answer.status == 420) headers.emplace_back(name(HeaderId::unsupported), std::move(unsupported));
  if (code == "registrar.path.unsupported") headers.emplace_back(name(HeaderId::require), "path");
  if (answer.status == 503) headers.emplace_back(name(HeaderId::retryAfter), kRetryAfter);
  answer.refusal = std::move(error);
  return answer;
}

std::string render(const RegisterAnswer& answer, const sip::Message& request, std::string_view to_tag) {
  auto writer = sip::responseTo(request, answer.status, {}, to_tag);
  for (const auto& [header, value] : answer.headers) writer.header(header, value);
  return writer.finish(answer.body.empty() ? std::string_view{} : kIceServersType, answer.body);
}

}  // namespace sallyport::call
