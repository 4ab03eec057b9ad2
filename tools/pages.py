"""Check the documents as pages: pairs of an English and a Chinese page, links, and the words of Chinese pages.

docs/glossary.md has the term for each word of NOT: what the project says in Chinese is written there, and only there.
"""

import os
import re

GLOSSARY = "docs/glossary.md"
PAIRED = ("README.md", *(f"docs/{page}.md" for page in (
    "reference", "tls", "asyncio", "rtthread", "boards", "stacks", "inside", "port", "migrating", "troubleshooting")))  # and each page with a Chinese version

# (what Chinese pages do not say, the English term in the glossary)
NOT = (
    ("停住|卡住|卡死|停顿", "to block"),
    ("客户(?!端)", "client"),
    ("服务端", "server"),
    ("机构", "CA"),
    ("告别", "close_notify"),
    ("代理(?!服务器)", "broker"),
    ("提示符", "REPL"),
    ("监听者|侦听", "listener"),
    ("对方|另一端的套接字", "peer"),
    ("回环", "loopback"),
    ("抛出|抛异常", "to raise"),
    ("截止日期|截至时间|死线", "deadline"),
    ("常数", "constant"),
    ("错误号", "error number"),
    ("途中的(?:任何)?人|途中有人|链路上的任何人", "man in the middle"),
    ("作保", "to sign (a certificate)"),
    ("写者|读者", "writer (of a stream)"),
    ("登记", "to register"),
    ("(?<!软)(?<!硬)复位(?=连接|后的)|(?:连接|对端|对端的|[^软硬]被|不一定发送)复位", "reset (of a connection)"),
    ("(?:AT|Wi-Fi|蜂窝|真实)\\s*模块", "AT module"),
    ("映像", "firmware"),
    ("Flash", "flash"),
    ("文件描述字|描述字|描述子", "descriptor"),
    ("插槽|插座", "socket"),
    ("多播", "multicast"),
    ("竞争(?!连接)", "race (of threads)"),
    ("(?:留下|后留)待读|退回的(?:数据|字节)", "to put back (bytes)"),
    ("(?:打开|关闭)唤醒|唤醒打开", "wake-up"),
    ("挂起", "pending (exception)"),
    ("文字说明|错误文字", "text (of an error)"),
    ("字节类对象|类字节对象", "bytes-like object"),
    ("层级", "level (of an option)"),
)
# (the same, the advice)
STYLE = (("谁|他人关闭|没有人等", "name the peer, the client, the CA, the thread or the caller"),)

FENCE = re.compile(r"\s*```(.*)")
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
OTHER_SIDE = re.compile(r"\[English\]\(|\| \[中文\]\(")
COMMENTS = {"c": re.compile(r"/\*.*?\*/|//[^\n]*", re.S), "": re.compile(r"(?:(?<=\s)|^)#(?= )[^\n]*|/\*.*?\*/|<!--.*?-->", re.M | re.S)}
STRONG = re.compile(r"(.?)\*\*(?=\S)([^*\n]+)\*\*(.?)")
CODE = re.compile(r"`[^`]+`")
FIGURE = re.compile(r"[-−–]?[\d.,]+")


class Page:
    """A page: its headings as (level, line, text), blocks of code as (line, language, text), tables as (line, rows),
    pictures as (line, path), and its prose."""

    def __init__(self, path, text):
        self.path, self.headings, self.blocks, self.tables, self.pictures, self.prose = path, [], [], [], [], []
        block = None
        for number, line in enumerate(text.split("\n"), 1):
            fence = FENCE.match(line)
            if fence and block is None:
                block = (number, fence.group(1), [])
            elif fence:
                self.blocks.append((block[0], block[1], "\n".join(block[2])))
                block = None
            elif block:
                block[2].append(line)
            else:
                self.line(number, line)
        self.unclosed = block and block[0]

    def line(self, number, line):
        heading = re.match(r"(#+) (.*)", line)
        if heading:
            self.headings.append((len(heading.group(1)), number, heading.group(2)))
        if line.startswith("|"):
            if not self.tables or self.tables[-1][0] + len(self.tables[-1][1]) != number:
                self.tables.append((number, []))
            self.tables[-1][1].append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        self.pictures += [(number, picture) for picture in PICTURE.findall(line)]
        self.prose.append((number, line))

    def anchors(self):
        """The anchors of the headings, as GitHub makes them."""
        found = []
        for _, _, text in self.headings:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).lower()
            anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            found.append(f"{anchor}-{found.count(anchor)}" if anchor in found else anchor)
        return found


def page_of(path):
    with open(path, encoding="utf-8") as file:
        return Page(path, file.read())


def without_comments(language, text):
    bare = COMMENTS.get(language, COMMENTS[""]).sub("", text)
    return [line.rstrip() for line in bare.split("\n") if line.strip()]


def apart(english, chinese):
    """The first difference of each kind between two pages: headings, blocks of code, tables, pictures."""
    found = []
    where = lambda a, b: f"{english.path}:{a} and {chinese.path}:{b}"
    for one, other in zip(english.headings, chinese.headings):
        if one[0] != other[0]:
            found.append(f"{where(one[1], other[1])}: headings of levels {one[0]} and {other[0]}")
            break
    for one, other in zip(english.blocks, chinese.blocks):
        if one[1] != other[1] or without_comments(*one[1:]) != without_comments(*other[1:]):
            found.append(f"{where(one[0], other[0])}: the blocks of code differ in more than comments")
            break
    for one, other in zip(english.tables, chinese.tables):
        found += table_apart(where(one[0], other[0]), one[1], other[1])[:1]
    for one, other in zip(english.pictures, chinese.pictures):
        if one[1] != other[1]:
            found.append(f"{where(one[0], other[0])}: the pictures {one[1]} and {other[1]}")
            break
    for name in ("headings", "blocks", "tables", "pictures"):
        numbers = [len(getattr(page, name)) for page in (english, chinese)]
        if numbers[0] != numbers[1]:
            found.append(f"{english.path} has {numbers[0]} {name}, {chinese.path} {numbers[1]}")
    if not english.headings:
        found.append(f"{english.path} has no heading")
    return found


def table_apart(where, one, other):
    """Rows have the same number of cells; figures are the same on both sides, and code is there."""
    if len(one) != len(other):
        return [f"{where}: tables of {len(one)} and {len(other)} lines"]
    for left, right in zip(one, other):
        if len(left) != len(right):
            return [f"{where}: rows of {len(left)} and {len(right)} cells: {left[0]}"]
        for a, b in zip(left, right):
            if a != b if FIGURE.fullmatch(a) or FIGURE.fullmatch(b) else CODE.fullmatch(a) and a not in b:
                return [f"{where}: cells {a} and {b} in the row {left[0]}"]
    return []


def chinese_of(path):
    return path.replace(".md", "_zh.md")


def pairs(paths):
    """Differences between English and Chinese pages; those of PAIRED must exist."""
    found = []
    for path in sorted({*PAIRED, *(path.replace("_zh.md", ".md") for path in paths if path.endswith("_zh.md"))}):
        chinese = chinese_of(path)
        missing = [name for name in (path, chinese) if not os.path.exists(name)]
        found += [f"{name} is missing" for name in missing]
        if not missing:
            found += apart(page_of(path), page_of(chinese))
    return found


def links(paths):
    """Links to files and headings that do not exist, and links of Chinese pages to a page that exists in Chinese."""
    found, pages = [], {path: page_of(path) for path in paths}
    for path, page in pages.items():
        if page.unclosed:
            found.append(f"{path}:{page.unclosed}: the block of code does not end")
        for number, line in page.prose:
            for target in LINK.findall(re.sub(r"`[^`]*`", "``", line)):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                name = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
                if not os.path.exists(name):
                    found.append(f"{path}:{number}: {target} does not exist")
                elif anchor and name in pages and anchor not in pages[name].anchors():
                    found.append(f"{path}:{number}: {name} has no heading #{anchor}")
                elif path.endswith("_zh.md") and chinese_of(name) in pages and not OTHER_SIDE.search(line):
                    found.append(f"{path}:{number}: {target} exists in Chinese")
    return found


def glossary(page):
    """{English term: Chinese term}, and what is wrong with the page."""
    terms, found = {}, []
    for line, rows in page.tables:
        if any(len(row) != 2 for row in rows):
            found.append(f"{page.path}:{line}: a row does not have two columns")
        for english, chinese in (row for row in rows[2:] if len(row) == 2):
            if english in terms:
                found.append(f"{page.path}: {english} has two rows")
            terms[english] = chinese
    return terms, found


def unsuitable(path, text, terms):
    """Words of NOT in a Chinese page, and bold text that GitHub does not show as such."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        for words, term in NOT:
            found += [f"{path}:{number}: {word} is not a term of {GLOSSARY}; {term}: {terms.get(term)}" for word in re.findall(words, line)]
        for words, advice in STYLE:
            found += [f"{path}:{number}: {word}: {advice}" for word in re.findall(words, line)]
        for before, strong, after in STRONG.findall(re.sub(r"`[^`]*`", "`", line)):
            if re.match(r"\w", after) and not re.search(r"\w$", strong) or re.match(r"\w", before) and not re.match(r"\w", strong):
                found.append(f"{path}:{number}: the asterisks of **{strong}** need a letter on the inside, or a space outside")
    return found


def chinese_terms(paths):
    """What is wrong with the words of the Chinese pages, and with the glossary itself."""
    terms, found = glossary(page_of(GLOSSARY))
    for words, term in NOT:
        if term not in terms:
            found.append(f"{GLOSSARY} has no row for {term}")
        elif re.search(words, terms[term]):
            found.append(f"{GLOSSARY}: {terms[term]} for {term} is what tools/pages.py forbids")
    for path in paths:
        with open(path, encoding="utf-8") as file:
            found += unsuitable(path, file.read(), terms)
    return found


# The self-test: ENGLISH and CHINESE agree; each change of CHINESE must be reported with its word.
ENGLISH = "# A\n\n## B\n\n```python\nx = 1  # one\n```\n\n| name | n |\n|---|--:|\n| `AF_INET` | 2 |\n| host | 3 |\n\n![a](a.svg)\n"
CHINESE = "# 甲\n\n## 乙\n\n```python\nx = 1  # 一\n```\n\n| 名称 | n |\n|---|--:|\n| `AF_INET` | 2 |\n| 主机 | 3 |\n\n![甲](a.svg)\n"
CHANGES = (
    ("## 乙", "### 乙", "levels"),
    ("# 甲\n", "", "headings"),
    ("x = 1", "x = 2", "comments"),
    ("```python", "```c", "comments"),
    ("| 主机 | 3 |\n", "", "lines"),
    ("| 2 |", "| 22 |", "cells"),
    ("`AF_INET`", "`AF_INET6`", "cells"),
    ("| 3 |\n", "| 3 | 4 |\n", "rows"),
    ("```\n\n|", "```\n\n```\n```\n\n|", "blocks"),
    ("(a.svg)", "(b.svg)", "pictures"),
    ("![甲](a.svg)\n", "", "pictures"),
)
WORDS = ("调用停住了", "新客户在等候", "颁发机构", "发出告别", "连接代理", "打开交互提示符", "监听者", "对方关闭", "回环接口", "抛出异常", "AT 模块",
         "谁签发的", "**网络：**执行", "对端复位后的 recv", "途中的任何人", "途中有人", "链路上的任何人", "关闭竞争", "留下待读的字节", "超时后留待读取",
         "退回的数据", "关闭唤醒", "挂起的事务", "文字说明", "错误文字", "类字节对象", "层级", "他人关闭", "没有人等待")
GOOD_WORDS = ("调用被阻塞", "客户端", "CA", "close_notify", "Broker", "REPL", "监听套接字", "对端", "环回", "引发", "AT 模组", "软复位", "**网络。** 执行", "**网络**：执行",
              "中间人", "竞速连接", "竞态", "放回的字节", "留待读取：`readinto`", "结束唤醒", "待处理的异常", "带有说明", "字节型对象", "级别")


def check_itself():
    """Self-test: every deliberate fault must be reported, and good pages must pass."""
    english, found = Page("one", ENGLISH), []
    found += [f"reported without a reason: {line}" for line in apart(english, Page("other", CHINESE))]
    for old, new, word in CHANGES:
        if not any(word in line for line in apart(english, Page("other", CHINESE.replace(old, new)))):
            found.append(f"not reported: {new!r} for {old!r}")
    found += [f"not reported: {text}" for text in WORDS if not unsuitable("page", text, {})]
    found += [f"reported without a reason: {line}" for text in GOOD_WORDS for line in unsuitable("page", text, {})]
    anchors = Page("page", "# 线程、Ctrl-C、垃圾回收\n## A `b_c` (d)\n## A `b_c` (d)\n").anchors()
    return found + ([] if anchors == ["线程ctrl-c垃圾回收", "a-b_c-d", "a-b_c-d-1"] else [f"anchors are {anchors}"])
