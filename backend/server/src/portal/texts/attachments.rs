//! What stands where files lie beside a request.

use super::texts;

texts! {
    /// Files beside a request.
    AttachmentTexts {
        files: "첨부 파일", "Files";
        lead: "IRB 승인서, 보안 계획 같은 서류입니다. 신청 기업과 병원이 모두 내려받을 수 있고, 지울 수는 없습니다.", "Documents such as an ethics approval or a security plan. Both the company and the hospital can download them, and nobody can remove them.";
        empty: "첨부 파일이 없습니다.", "No files.";
        name: "이름", "Name";
        size: "크기", "Size";
        hash: "SHA-256 해시", "SHA-256";
        who: "올린 사람", "From";
        when: "올린 때", "When";
        file: "파일", "File";
        hint: "PDF, PNG, JPEG, DOCX, HWP, HWPX, TXT(UTF-8)만 올릴 수 있습니다. 파일 하나의 한도:", "PDF, PNG, JPEG, DOCX, HWP, HWPX or TXT (UTF-8). The most for one file:";
        add: "파일 올리기", "Add the file";
        bad_file: "파일을 고르세요.", "Choose a file.";
        bad_name: "파일 이름을 쓸 수 없습니다. 이름을 바꾸어 다시 올리세요.", "The name of the file cannot be used. Give it another.";
        bad_kind: "파일의 내용이 허용된 형식이 아니거나 이름의 확장자와 다릅니다.", "What is in the file is of no kind that is taken, or of another than its name says.";
        too_large: "파일이 한도보다 큽니다.", "The file is larger than allowed.";
        too_many: "한 신청에는 파일을 20개까지 올릴 수 있습니다.", "A request takes 20 files at most.";
        company_full: "기업의 첨부 파일이 모두 합해 1 GiB를 넘을 수 없습니다.", "The files beside a company's requests are 1 GiB together at most.";
    }
}
