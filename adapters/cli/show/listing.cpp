#include "listing.h"

#include <algorithm>

#include "adapters/cli/usage_error.h"
#include "adapters/cli/suggest.h"
#include "runtime/base/json.h"
#include "table.h"

namespace devenv::cli {
namespace {

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string as_json(const Fields& fields) {
  Json object = Json::object();
  for (const auto& [name, value] : fields) object[name] = value;
  return dump(object);
}

const std::string& field(const Fields& fields, const std::string& name, const std::string& format) {
  std::vector<std::string> known;
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
    known.push_back(key);
  }
  const auto near = nearest(name, known);
  throw UsageError("read format \"" + format + "\": there is no field ." + name,
                   near ? "did you mean ." + *near + "?" : "see --format json for the fields");
}

std::string trimmed(const std::string& text) {
  const std::size_t start = text.find_first_not_of(' ');
  return start == std::string::npos ? "" : text.substr(start, text.find_last_not_of(' ') - start + 1);
}

std::string evaluate(const std::string& expression, const Fields& fields, const std::string& format) {
  const bool json = expression.starts_with("json ");
  const std::string operand = json ? trimmed(expression.substr(5)) : expression;
  if (json && operand == ".") return as_json(fields);
  const bool name_only =
      operand.size() > 1 && operand[0] == '.' && operand.find_first_of(" |(") == std::string::npos;
  if (!name_only)
    throw UsageError("read format \"" + format + "\": \"" + expression + "\" is not understood",
                     "{{.Field}} and {{json .}} are");
  const std::string& value = field(fields, operand.substr(1), format);
  return json ? dump(value) : value;
}

/// `expand` turns the text between {{ and }} into its value; \t and \n outside of it are the characters.
template <class Expand>
std::string fill(const std::string& format, const Expand& expand) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format.compare(i, 2, "{{") == 0) {
      const std::size_t end = format.find("}}", i);
      if (end == std::string::npos)
        throw UsageError("read format \"" + format + "\": \"{{\" is never closed");
      out += expand(trimmed(format.substr(i + 2, end - i - 2)));
      i = end + 1;
    } else if (format[i] == '\\' && i + 1 < format.size() && (format[i + 1] == 't' || format[i + 1] == 'n')) {
      out += format[++i] == 't' ? '\t' : '\n';
    } else {
      out += format[i];
    }
  }
  return out;
}

Row cells(const std::string& line) {
  Row row{""};
  for (const char c : line) {
    if (c == '\t')
      row.emplace_back();
    else
      row.back() += c;
  }
  return row;
}

std::string header_of(const Listing& listing, const std::string& expression) {
  for (const auto& [header, name] : listing.columns)
    if (expression == "." + name) return header;
  std::string header = expression.starts_with('.') ? expression.substr(1) : expression;
  std::transform(header.begin(), header.end(), header.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return header;
}

std::string template_table(const Listing& listing, const std::string& format) {
  std::vector<Row> rows;
  rows.push_back(cells(fill(format, [&](const std::string& e) { return header_of(listing, e); })));
  for (const Fields& item : listing.items) {
    Row row = cells(fill(format, [&](const std::string& e) { return evaluate(e, item, format); }));
    row.resize(rows.front().size());
    rows.push_back(std::move(row));
  }
  return format_table(rows);
}

std::string default_table(const Listing& listing) {
  std::vector<Row> rows(1);
  for (const auto& [header, name] : listing.columns) rows[0].push_back(header);
  for (const Fields& item : listing.items) {
    Row row;
    for (const auto& [header, name] : listing.columns) row.push_back(field(item, name, "table"));
    rows.push_back(std::move(row));
  }
  return format_table(rows);
}

}  // namespace

void show(const Console& console, const Listing& listing, const std::string& format) {
  std::string text;
  if (format.empty() || format == "table") {
    text = default_table(listing);
  } else if (format.starts_with("table ")) {
    text = template_table(listing, format.substr(6));
  } else if (format == "json") {
    for (const Fields& item : listing.items) text += as_json(item) + '\n';
  } else {
    for (const Fields& item : listing.items)
      text += fill(format, [&](const std::string& e) { return evaluate(e, item, format); }) + '\n';
  }
  console.print(text);
}

}  // namespace devenv::cli
