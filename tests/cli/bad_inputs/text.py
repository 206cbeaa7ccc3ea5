"""B: delimited text and JSON lines that were written by hand, by spreadsheets, or by several programs in turn."""

from __future__ import annotations

from bad_inputs.case import Here, case, text

# A case is a few lines of a table; one argument a line would hide it.
# fmt: off

GOOD = "y,p\n1,2\n3,3\n"

text("B026", "bom", b"\xef\xbb\xbf" + GOOD.encode(), value=0.5)
text("B026", "bom_and_quoted_name", b'\xef\xbb\xbf"y","p"\n1,2\n3,3\n', value=0.5)
text("B026", "bom_in_jsonl", b'\xef\xbb\xbf{"y":1,"p":2}\n', value=1.0, file="p.jsonl")
for _name, _encoding in (("le", "utf-16-le"), ("be", "utf-16-be")):
    _bom = {"le": b"\xff\xfe", "be": b"\xfe\xff"}[_name]
    text("B027", f"utf16_{_name}", _bom + GOOD.encode(_encoding), 3, "the text is UTF-16", "use --encoding utf-16")
    text("B027", f"utf16_{_name}_told", _bom + GOOD.encode(_encoding), args="--encoding utf-16", value=0.5)
    text("B027", f"utf16_{_name}_no_mark", GOOD.encode(_encoding), 3, "NUL bytes", "--encoding utf-16-le or utf-16-be")
    text("B027", f"utf16_{_name}_no_mark_told", GOOD.encode(_encoding), args=f"--encoding {_encoding}", value=0.5)
text("B027", "utf16_without_mark_told_wrong", GOOD.encode("utf-16-le"), 3,
     "does not begin with the byte order mark of utf-16", "--encoding utf-16-le or utf-16-be", args="--encoding utf-16")
text("B027", "utf16_cut_in_half", b"\xff\xfe" + GOOD.encode("utf-16-le")[:-1], 3, "is not utf-16 text",
     args="--encoding utf-16")
text("B027", "unknown_encoding", GOOD, 2, "unknown encoding 'utf-99'", args="--encoding utf-99")
text("B028", "latin1_cell", "y,p,g\n1,2,a\n3,3,é\n".encode("latin-1"), 3, "the text is not UTF-8 at byte 17",
     "row 2 (line 3), column 'g', value 'é'", "--encoding latin-1", args="--by g")
text("B028", "latin1_cell_told", "y,p,g\n1,2,a\n3,3,é\n".encode("latin-1"), args="--by g --encoding latin-1", value=0.5)
text("B028", "latin1_number", "y,p\n1,2\n3,é\n".encode("latin-1"), 3, "is not a number", "row 2 (line 3), column 'p'")
text("B028", "latin1_header", "y,p,é\n1,2,3\n".encode("latin-1"), 3, "the header is not UTF-8 at byte 5",
     "--encoding latin-1")
text("B028", "latin1_in_jsonl", '{"y":1,"p":2,"g":"é"}\n'.encode("latin-1"), 3, "the text is not UTF-8",
     "row 1 (line 1)",
     args="--by g", file="p.jsonl")
text("B029", "latin1_in_an_unused_column", "y,p,g\n1,2,é\n3,3,\xff\n".encode("latin-1"), value=0.5)
text("B029", "latin1_in_an_unused_key", '{"y":1,"p":2,"g":"é"}\n'.encode("latin-1"), value=1.0, file="p.jsonl")
text("B030", "nul_in_a_number", b"y,p\n1,2\n3,1\x00\n", 3, "'1\\x00' is not a number", "row 2 (line 3), column 'p'")
text("B030", "nul_in_the_header", b"y,p\x00\n1,2\n", 3, "the header contains NUL bytes")
text("B030", "nul_in_an_unused_cell", b"y,p,g\n1,2,\x00\n", value=1.0)
text("B031", "crlf", GOOD.replace("\n", "\r\n"), value=0.5)
text("B031", "cr", GOOD.replace("\n", "\r"), value=0.5)
text("B031", "mixed", "y,p\r\n1,2\n3,3\r5,7\r\n", value=1.0)
text("B031", "line_number_with_crlf", "y,p\r\n1,2\r\n3,x\r\n", 3, "row 2 (line 3)")
text("B031", "line_number_with_cr", "y,p\r1,2\r3,x\r", 3, "row 2 (line 3)")
text("B032", "short_row", "y,p,g\n1,2,a\n3,3\n", 3, "the row has 2 cells, the header 3", "row 2 (line 3)", "3,3")
text("B032", "row_of_one_cell", "y,p\n1,2\n3\n", 3, "the row has 1 cell, the header 2", "row 2 (line 3)")
text("B033", "long_row", "y,p\n1,2\n3,3,4\n", 3, "the row has 3 cells, the header 2", "row 2 (line 3)", "3,3,4")
text("B033", "long_row_with_an_empty_cell", "y,p\n1,2,\n", 3, "the row ends with a delimiter, the header does not")
text("B033", "row_of_ten_thousand", "y,p\n1,2\n" + "9," * 10_000 + "\n", 3, "the row has 10001 cells, the header 2")
text("B034", "comma_behind_every_line", "y,p,\n1,2,\n3,3,\n", value=0.5)
text("B035", "used_name_twice", "y,p,p\n1,2,9\n", 3, "column 'p' occurs 2 times", "rename one of them")
text("B035", "unused_name_twice", "y,g,p,g\n1,8,2,9\n", value=1.0)
text("B035", "key_twice_in_jsonl", '{"y":1,"p":2}\n{"y":1,"p":2,"p":3}\n', 3, "the key occurs twice in this record",
     "row 2 (line 2), column 'p'", file="p.jsonl")
text("B036", "blank_name_unused", ",y,p\n0,1,2\n1,3,3\n", value=0.5)
text("B036", "blank_name_used", "y,\n1,2\n", 2, "needs 'pred'", args="-t y -l mae")
text("B037", "name_with_a_space", "y ,p\n1,2\n", 3, "no column 'y'", "did you mean 'y '?")
text("B037", "name_in_capitals", "Y,p\n1,2\n", 3, "no column 'y'", "did you mean 'Y'?")
text("B037", "name_in_other_accents", "ý,p\n1,2\n", 3, "no column 'y'")
text("B039", "line_end_in_a_name", 'y,"p\nq"\n1,x\n', 3, "row 1 (line 3), column 'p\\nq', value 'x'",
     args="-t|y|-p|p\nq|-l|mae")
text("B039", "line_end_in_an_unused_name", 'y,"a\nb",p\n1,0,2\n', value=1.0)
text("B040", "open_quote", 'y,p,g\n1,2,a\n3,3,"b\n5,6,c\n7,8,d\n', 3, "a quote opened on line 3 is never closed")
text("B040", "open_quote_in_an_unused_column", 'y,g,p\n1,a,2\n3,"b,3\n5,c,6\n', 3,
     "a quote opened on line 3 is never closed")
text("B040", "open_quote_in_the_header", 'y,"p\n1,2\n3,4\n', 3, "a quote opened on line 1 is never closed")
text("B041", "quotes_in_labels", 'y,p,g\n1,2,a"b\n3,4,"c""d"\n5,8,e\\"f\n', value=5 / 3, args="--by g")
text("B041", "text_after_a_closing_quote", 'y,p,g\n1,2,a\n"3"5,3,b\n', 3, "opened on line 3", "--quote none")
text("B041", "quoted_numbers", 'y,p\n"1","2"\n"3","3"\n', value=0.5)
text("B042", "semicolons", "y;p\n1;2\n", 3, "separated by ';', not by comma", "use --delimiter ';'", "in: p.csv")
text("B042", "semicolons_told", "y;p\n1;2\n", args="--delimiter ;", value=1.0)
text("B042", "semicolons_in_quotes", 'id;y;p;said\n1;1,5;1,25;"so; so"\n', 3, "separated by ';', not by comma",
     "use --delimiter ';' --decimal ','")
text("B042", "tabs", "y\tp\n1\t2\n", 3, "separated by a tab", "use --delimiter '\\t'")
text("B042", "tabs_told", "y\tp\n1\t2\n", args="--delimiter \\t", value=1.0)
text("B042", "bars", "y|p\n1|2\n", 3, "separated by '|'", "use --delimiter '|'")
text("B042", "commas_in_tsv", "y,p\n1,2\n", 3, "separated by comma, not by a tab", "use --delimiter ','", file="p.tsv")
text("B042", "spaces", "y p\n1 2\n", 3, "separated by blanks", "use --delimiter ' '", "in: p.csv:1")
text("B042", "aligned", "y   p\n1   2\n", 3, "separated by blanks", "use --delimiter blanks", "in: p.csv:1")
text("B042", "aligned_told", "y   p\n1   2\n", args="--delimiter blanks", value=1.0)
text("B042", "title", "Scores\n\ny,p\n1,2\n", 3, "the first line has 1 cell, line 3 has 2", "--skip-lines 2")
text("B042", "title_told", "Scores\n\ny,p\n1,2\n", args="--skip-lines 2", value=1.0)
text("B042", "two_delimiters", "sep=;\ny;p\n1;2\n", 3, "line 1 says that the delimiter is ';'", args="--delimiter ,")
text("B042", "two_letters", "y;;p\n1;;2\n", 2, "must be one ASCII character, or the word blanks, not ';;'",
     args="--delimiter ;;")
text("B043", "decimal_comma", 'y,p\n1,"2,5"\n', 3, "'2,5' is not a number", "--decimal ','")
text("B043", "decimal_comma_told", 'y,p\n"1,5","3"\n', args="--decimal ,", value=1.5)
text("B043", "semicolons_and_commas", "y;p\n1,5;2\n", 3, "use --delimiter ';' --decimal ','")
text("B043", "semicolons_and_commas_told", "y;p\n1,5;2\n", args="--delimiter ; --decimal ,", value=0.5)
text("B043", "point_where_comma_was_told", "y;p\n1,5;2.5\n", 3, "'2.5' is not a number", "the decimal mark is ',' here",
     args="--delimiter ; --decimal ,")
text("B043", "thousands", 'y,p\n1,"2,000"\n', 3, "'2,000' is not a number", "use --thousands ','")
text("B043", "thousands_told", 'y,p\n"1,000","1,000.5"\n', args="--thousands ,", value=0.5)
text("B043", "thousands_and_semicolons", "y;p\n1;2,000\n", 3, "use --delimiter ';' --thousands ','")
text("B043", "thousands_of_germany", "y;p\n1;2.000,5\n", 3, "use --delimiter ';' --decimal ',' --thousands '.'")
for _number, _mark in enumerate((",,", "", "1", "e", "-", '"', "é", "\0")):
    text("B043", f"decimal_mark_{_number}", GOOD, 2, "the decimal mark must be a character such as . or ,",
         args=f"--decimal|{_mark}")
text("B044", "comment_first_told", "# made by x, y\ny,p\n1,2\n# and\n3,3\n", args="--comment #", value=0.5)
text("B044", "comment_as_wide", "# made by x, y\ny,p\n1,2\n", 3, "no column 'p'", "use --comment '#'", "# made by x")
text("B044", "comment_inside", "y,p\n1,2\n# note\n3,3\n", 3, "the row has 1 cell, the header 2", "--comment '#'",
     "row 2 (line 3)")
text("B045", "no_header", "1,2\n3,3\n", 3, "no column 'p'", "the columns are: 1, 2")
text("B045", "no_header_told", "1,2\n3,3\n", args="--no-header -t 1 -p 2 -l mae -q", value=0.5)
text("B046", "blank_lines", "y,p\n\n1,2\n\n\n3,3\n\n", value=0.5)
text("B046", "blank_lines_count_as_lines", "y,p\n\n1,2\n\n\n3,x\n", 3, "row 2 (line 6)")
text("B046", "one_column", "y\n1\n\n3\n", args="-t y -p y -l mae -q", value=0.0)
text("B048", "many_columns", ",".join(["y", "p", *(f"c{n}" for n in range(20_000))]) + "\n"
     + "1,2" + ",0" * 20_000 + "\n", value=1.0)
text("B048", "long_name", "y,p," + "x" * 5_000_000 + "\n1,2,3\n", 3, "a column name is 5000000 bytes long", "in: p.csv")
text("B048", "name_of_a_megabyte", "y,p," + "x" * 1_000_000 + "\n1,x,3\n", 3, "'x' is not a number")
text("B048", "name_of_a_megabyte_listed", "y,q," + "x" * 1_000_000 + "\n1,x,3\n", 3, "no column 'p'")
text("B048", "many_columns_listed", ",".join(f"c{n}" for n in range(20_000)) + "\n" + "0," * 19_999 + "0\n", 3,
     "no column 'p'", "20000 columns")
text("B048", "many_columns_and_no_target", ",".join(f"c{n}" for n in range(20_000)) + "\n" + "0," * 19_999 + "0\n", 2,
     "needs 'pred'", args="-l mae")
text("B049", "no_newline_at_the_end", "y,p\n1,2\n3,3", value=0.5)
text("B049", "no_newline_at_the_end_of_jsonl", '{"y":1,"p":2}\n{"y":3,"p":3}', value=0.5, file="p.jsonl")
text("B050", "header_inside", "y,p\n1,2\ny,p\n3,3\n", 3, "'p' is not a number", "row 2 (line 3), column 'p'",
     "a repeated header")
text("B050", "header_inside_text_target", "y,p\n1,0.5\n0,0.5\ny,p\n1,0.5\n", 3, "row 3 (line 4)",
     args="-t y -p p -l bce -q")
text("B050", "header_as_class", "label,p_a,p_b\na,0.5,0.5\nlabel,p_a,p_b\n", 3, "row 2 (line 3)",
     args="-t label -p p_* -l cross_entropy")


@case("B044", 3, "the first line begins with '#'", "use --comment '#'", "in: p.csv:1")
def comment_first(here: Here):
    return here.file("# made by x\ny,p\n1,2\n")


@case("B038", value=0.75)
def line_ends_in_cells_across_pieces(here: Here):
    here.windows(16)
    return here.file("note,y,p\n" + '"a\nb\n\nc, ""d""",1,2\n"x\r\ny",3,3.5\n' * 50)


@case("B038", 3, "'x' is not a number", "row 3 (line 10), column 'p'")
def line_number_behind_line_ends_in_cells(here: Here):
    here.windows(16)
    return here.file('note,y,p\n"a\nb\nc",1,2\n"d\n\n\n\ne",3,3\nf,5,x\n')


@case("B047", value=1.0)
def cell_longer_than_a_piece(here: Here):
    here.windows(1 << 10)
    return here.file('note,y,p\n"' + "x" * 100_000 + '",1,2\nz,3,4\n')


@case("B047", 3, "a record is longer than", "in: p.csv", "is there a quote that is never closed?")
def cell_longer_than_may_be(here: Here):
    here.windows(1 << 10)
    here.patch.setattr("losscli.io.formats.text_windows.RECORD_LIMIT", 1 << 20)
    return here.file('note,y,p\n"' + "x\n" * 2_500_000 + '",1,2\n')


text("B050", "jsonl_key_missing_in_a_row", '{"y":1,"p":2}\n{"y":3}\n', 3, "column 'p' has no value",
     "row 2 (line 2)", file="p.jsonl")
text("B050", "jsonl_key_only_later", '{"y":1}\n' * 3 + '{"y":3,"p":3}\n', 3, "column 'p' has no value",
     "row 1 (line 1)", file="p.jsonl")
text("B050", "jsonl_cut", '{"y":1,"p":2}\n{"y":3,"p"', 3, "invalid JSON", "row 2 (line 2)", file="p.jsonl")
text("B050", "jsonl_text_for_number", '{"y":1,"p":2}\n{"y":3,"p":"3"}\n', 3, "'3' is not a number",
     "row 2 (line 2), column 'p'", file="p.jsonl")
text("B050", "jsonl_not_objects", "[1,2]\n[3,4]\n", 3, "a JSON line that is not an object", file="p.jsonl")
text("B050", "jsonl_nested_deep", '{"y":1,"p":2}\n{"y":' + "[" * 100_000 + "\n", 3, "invalid JSON",
     file="p.jsonl")
text("B050", "jsonl_line_ends_in_texts", '{"y":1,"p":2,"g":"a\\nb"}\n{"y":3,"p":3,"g":"c"}\n', value=0.5,
     args="--by g", file="p.jsonl")
