// SPDX-License-Identifier: Apache-2.0
// As much of a SIP message as signing in needs: its first line and single header fields, in place. The message itself
// is made and read by JsSIP; a body is never touched.


export function statusOf(message: string): number | undefined {
  const line = /^SIP\/2\.0 (\d{3}) /.exec(message);
  return line ? Number(line[1]) : undefined;
}

export function requestLineOf(message: string): { method: string; uri: string } | undefined {
  const line = /^([A-Za-z0-9\-.!%*_+`'~]+) (\S+) SIP\/2\.0\r\n/.exec(message);
  return line ? { method: line[1]!, uri: line[2]! } : undefined;
}

// The values of every field `name`, in order; a folded line is one value.
export function fieldsOf(message: string, name: string): string[] {
  return headOf(message).filter((line) => named(line, name)).map((line) => line.slice(line.indexOf(":") + 1).replace(/\r\n[ \t]+/g, " ").trim());
}

// The message with every field `name` removed, and `value` in place of the first where one is given.
export function withField(message: string, name: string, value: string | undefined): string {
  let given = value;
  const lines = headOf(message).flatMap((line) => {
    if (!named(line, name)) return [line];
    const instead = given === undefined ? [] : [`${name}: ${given}`];
    given = undefined;
    return instead;
  });
  return lines.join("\r\n") + message.slice(headEnd(message));
}

function headEnd(message: string): number {
  const end = message.indexOf("\r\n\r\n");
  return end < 0 ? message.length : end;
}

function headOf(message: string): string[] {
  return message.slice(0, headEnd(message)).split(/\r\n(?![ \t])/);
}

function named(line: string, name: string): boolean {
  const colon = line.indexOf(":");
  return colon > 0 && line.slice(0, colon).trim().toLowerCase() === name.toLowerCase();
}
