"""The HTML page: style sheet, tables, formulas and pictures. Pictures are inline SVG, and nothing is a script."""
