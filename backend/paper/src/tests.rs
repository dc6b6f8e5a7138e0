//! Documents as a reader of PDF finds them. What is in compressed streams, and the pages as pictures, are looked at in
//! `deploy/e2e/test_paper.py`.

use super::*;

fn document(blocks: Vec<Block>) -> Document {
    Document {
        title: "데이터심의위원회 회의록".to_owned(),
        language: "ko".to_owned(),
        author: "Demo Hospital".to_owned(),
        made_at: 1_772_409_600,
        foot: "무등 · req_1".to_owned(),
        blocks,
    }
}

fn all_kinds() -> Vec<Block> {
    vec![
        Block::Heading("심의 결과".to_owned()),
        Block::Paragraph("조건부 승인\n둘째 줄".to_owned()),
        Block::Pairs(vec![("기관".to_owned(), "새싹 (주)".to_owned()), ("목적".to_owned(), "생존 ".repeat(400))]),
        Block::List { numbered: true, items: vec!["IRB 승인".to_owned(), "보안 계획".to_owned()] },
        Block::List { numbered: false, items: vec!["one".to_owned()] },
        Block::Small("이 문서는".to_owned()),
        Block::Signatures(vec!["위원장".to_owned(), "간사".to_owned()]),
    ]
}

fn count(pdf: &[u8], what: &str) -> usize {
    pdf.windows(what.len()).filter(|window| *window == what.as_bytes()).count()
}

#[test]
fn the_same_document_has_the_same_bytes_and_is_archival_and_accessible() {
    let pdf = to_pdf(&document(all_kinds())).unwrap();
    assert!(pdf.starts_with(b"%PDF-1.7"));
    assert_eq!(pdf, to_pdf(&document(all_kinds())).unwrap());
    let other = Document { made_at: 0, ..document(all_kinds()) };
    assert_ne!(pdf, to_pdf(&other).unwrap());
    for mark in ["pdfaid:part>2<", "pdfaid:conformance>A<", "pdfuaid:part>1<"] {
        assert_eq!(count(&pdf, mark), 1, "{mark}");
    }
    assert!(pdf.len() < 200_000, "the letters that are used are inside, and no others: {} bytes", pdf.len());
}

#[test]
fn what_the_font_does_not_have_and_what_is_empty_is_printed_all_the_same() {
    let odd = "😀 \u{202e}evil\u{0} \t\u{feff} 漢 \u{10ffff}\r\n𝔘";
    let blocks = vec![
        Block::Heading(String::new()),
        Block::Paragraph(odd.to_owned()),
        Block::Pairs(vec![(odd.to_owned(), String::new()), (String::new(), odd.to_owned())]),
        Block::Pairs(Vec::new()),
        Block::List { numbered: true, items: Vec::new() },
        Block::List { numbered: false, items: vec![String::new(), odd.to_owned()] },
        Block::Signatures(Vec::new()),
    ];
    to_pdf(&document(blocks)).unwrap();
    to_pdf(&Document { title: String::new(), foot: odd.to_owned(), ..document(Vec::new()) }).unwrap();
}

#[test]
fn a_document_goes_over_pages_and_has_an_end() {
    let long = |lines: usize| document(vec![Block::Paragraph("한 줄\n".repeat(lines))]);
    let pages = |lines: usize| {
        let font = font::Font::embedded().unwrap();
        layout::lay_out(&long(lines), &font).map(|sheets| sheets.pages)
    };
    assert_eq!((pages(1).unwrap(), pages(100).unwrap()), (1, 3));
    assert_eq!(pages(40_000), Err(PaperError::TooLong));
    assert!(to_pdf(&long(100)).is_ok());
}

#[test]
fn a_heading_stands_with_what_it_is_about() {
    let font = font::Font::embedded().unwrap();
    for lines in 1..90 {
        let blocks = vec![
            Block::Paragraph("줄\n".repeat(lines)),
            Block::Heading("제목".to_owned()),
            Block::Paragraph("글".to_owned()),
        ];
        let sheets = layout::lay_out(&document(blocks), &font).unwrap();
        let page = |text: &str| sheets.lines.iter().find(|line| line.text == text).unwrap().page;
        assert_eq!(page("제목"), page("글"), "{lines} lines before");
    }
}
