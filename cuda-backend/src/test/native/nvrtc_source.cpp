#include "nvrtc_source.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace softcuda {

namespace {

struct Token {
    size_t begin;
    size_t end;
};

bool isWord(char c) {
    return isalnum(static_cast<unsigned char>(c)) || c == '_';
}

/** The tokens of preprocessed text, as far as the rewriting needs them; line markers and pragmas are skipped. */
class Tokens {
public:
    explicit Tokens(const std::string& text) : text(text) {
        size_t at = 0;
        bool lineStart = true;
        while (at < text.size()) {
            char c = text[at];
            if (c == '\n') {
                lineStart = true;
                at++;
            } else if (isspace(static_cast<unsigned char>(c))) {
                at++;
            } else if (c == '#' && lineStart) {
                at = std::min(text.find('\n', at), text.size());
            } else {
                lineStart = false;
                size_t end = endOf(at);
                list.push_back({at, end});
                at = end;
            }
        }
    }

    size_t count() const {
        return list.size();
    }

    const Token& operator[](size_t i) const {
        return list[i];
    }

    bool is(size_t i, const char* word) const {
        if (i >= list.size()) {
            return false;
        }
        size_t length = list[i].end - list[i].begin;
        return length == strlen(word) && text.compare(list[i].begin, length, word) == 0;
    }

    bool isIdentifier(size_t i) const {
        char c = i < list.size() ? text[list[i].begin] : ' ';
        return isalpha(static_cast<unsigned char>(c)) || c == '_';
    }

    std::string string(size_t i) const {
        return text.substr(list[i].begin, list[i].end - list[i].begin);
    }

    /** The text from token `first` up to token `last`, which is left out. */
    std::string string(size_t first, size_t last) const {
        return text.substr(list[first].begin, list[last].begin - list[first].begin);
    }

    /** Index of the bracket that closes the one at `open`; count() when none does. */
    size_t closing(size_t open) const {
        char up = text[list[open].begin];
        char down = up == '(' ? ')' : up == '[' ? ']' : '}';
        int depth = 0;
        for (size_t i = open; i < list.size(); i++) {
            char c = text[list[i].begin];
            depth += c == up;
            depth -= c == down;
            if (depth == 0) {
                return i;
            }
        }
        return list.size();
    }

private:
    size_t endOf(size_t at) const {
        char c = text[at];
        if (isWord(c)) {
            size_t end = at;
            while (end < text.size() && isWord(text[end])) {
                end++;
            }
            if (text.compare(at, end - at, "R") == 0 && text.compare(end, 1, "\"") == 0) {
                return endOfRawString(end);
            }
            return end;
        }
        return c == '"' || c == '\'' ? endOfQuoted(at) : at + 1;
    }

    size_t endOfQuoted(size_t at) const {
        char quote = text[at++];
        while (at < text.size() && text[at] != quote) {
            at += text[at] == '\\' ? 2 : 1;
        }
        return std::min(at + 1, text.size());
    }

    size_t endOfRawString(size_t quote) const {
        size_t open = text.find('(', quote);
        std::string close = ")" + text.substr(quote + 1, open - quote - 1) + "\"";
        size_t end = text.find(close, open);
        return end == std::string::npos ? text.size() : end + close.size();
    }

    const std::string& text;
    std::vector<Token> list;
};

class Rewriter {
public:
    explicit Rewriter(const std::string& text) : text(text), tokens(text) {}

    std::string rewrite() {
        for (size_t i = 0; i < tokens.count(); i++) {
            if (tokens.is(i, ";") || tokens.is(i, "{") || tokens.is(i, "}")) {
                statement = i + 1;
            } else if (tokens.is(i, "__launch_bounds__") && tokens.is(i + 1, "(")) {
                i = tokens.closing(i + 1);
                continue;
            } else if (tokens.is(i, "__global__")) {
                findKernel(i);
            } else if (tokens.is(i, "__shared__")) {
                i = rewriteShared(i);
            }
        }
        return assemble();
    }

private:
    struct Edit {
        size_t begin;
        size_t end;
        std::string replacement;
    };

    /** At __global__: removes it and __launch_bounds__, and registers the kernel after its body. */
    void findKernel(size_t at) {
        bool isTemplate = false;
        for (size_t i = statement; i < at; i++) {
            isTemplate = isTemplate || tokens.is(i, "template");
        }
        std::string bounds = "1024";
        std::string name;
        for (size_t i = isTemplate ? at : statement; i < tokens.count() && !tokens.is(i, ";"); i++) {
            if (tokens.is(i, "__global__")) {
                remove(i, i);
            } else if (tokens.is(i, "__launch_bounds__") && tokens.is(i + 1, "(")) {
                size_t close = tokens.closing(i + 1);
                bounds = tokens.string(i + 2, close);
                remove(i, close);
                i = close;
            } else if (tokens.is(i, "__attribute__") && tokens.is(i + 1, "(")) {
                i = tokens.closing(i + 1);
            } else if (tokens.is(i, "(")) {
                size_t body = tokens.closing(i) + 1;
                if (tokens.is(body, "{") && !isTemplate) {
                    size_t end = tokens.closing(body);
                    insertAfter(end, " static softcuda::Register<&" + name + "> softcuda_register_" + name + "(\"" +
                                         name + "\", false, " + bounds + ");");
                }
                return;
            } else if (tokens.isIdentifier(i)) {
                name = tokens.string(i);
            }
        }
    }

    /** At __shared__; returns the last token of what was rewritten. */
    size_t rewriteShared(size_t at) {
        bool dynamic = false;
        for (size_t i = statement; i < at; i++) {
            dynamic = dynamic || tokens.is(i, "extern");
        }
        size_t end = at;
        while (end < tokens.count() && !tokens.is(end, ";")) {
            end++;
        }
        bool array = tokens.is(end - 2, "[") && tokens.is(end - 1, "]");
        if (!dynamic || !array || end >= tokens.count()) {
            replace(at, at, "thread_local");
            return at;
        }
        std::string type;
        for (size_t i = statement; i < end - 3; i++) {
            bool attribute = tokens.is(i, "__attribute__") || tokens.is(i, "alignas");
            if (attribute && tokens.is(i + 1, "(")) {
                i = tokens.closing(i + 1);
            } else if (i != at && !tokens.is(i, "extern")) {
                type += tokens.string(i) + " ";
            }
        }
        replace(statement, end - 1, type + "* " + tokens.string(end - 3) + " = (" + type +
                                        "*) softcuda_dynamic_shared()");
        return end - 1;
    }

    void remove(size_t first, size_t last) {
        replace(first, last, "");
    }

    void replace(size_t first, size_t last, const std::string& replacement) {
        edits.push_back({tokens[first].begin, tokens[last].end, replacement});
    }

    void insertAfter(size_t token, const std::string& addition) {
        later.push_back({tokens[token].end, tokens[token].end, addition});
    }

    /** Applies edits, which are in the order of the text, and insertions, which are too; keeps removed line feeds. */
    std::string assemble() {
        std::string result;
        size_t at = 0;
        size_t insertion = 0;
        auto copyTo = [&](size_t end) {
            while (insertion < later.size() && later[insertion].begin <= end) {
                result.append(text, at, later[insertion].begin - at);
                result += later[insertion].replacement;
                at = later[insertion++].begin;
            }
            result.append(text, at, end - at);
            at = end;
        };
        for (const Edit& edit : edits) {
            copyTo(edit.begin);
            result += edit.replacement;
            for (size_t i = edit.begin; i < edit.end; i++) {
                if (text[i] == '\n') {
                    result += '\n';
                }
            }
            at = edit.end;
        }
        copyTo(text.size());
        return result;
    }

    const std::string& text;
    Tokens tokens;
    size_t statement = 0;   // first token of the running statement
    std::vector<Edit> edits;
    std::vector<Edit> later;
};

}

std::string toHostSource(const std::string& preprocessed, const std::vector<std::string>& nameExpressions,
                         const std::string& path, const std::string& stamp) {
    std::string result = Rewriter(preprocessed).rewrite();
    result += "\nextern \"C\" const char softcuda_module_stamp[] = \"" + stamp + "\";";
    result += "\nextern \"C\" const char softcuda_module_path[] = R\"path(" + path + ")path\";";
    result += "\n# 1 \"name expressions\"\n";
    for (size_t i = 0; i < nameExpressions.size(); i++) {
        const std::string& expression = nameExpressions[i];
        std::string address = expression[0] == '&' ? expression : "&" + expression;
        result += "static softcuda::Register<" + address + "> softcuda_expression_" + std::to_string(i) + "(\"" +
                  expression + "\", true);\n";
    }
    return result;
}

}
