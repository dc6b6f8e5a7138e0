//! What stands where receipts are checked.

use super::texts;

texts! {
    /// Receipts, and the place where they are checked.
    ReceiptsTexts {
        title: "영수증", "Receipts";
        lead: "데이터에 대한 모든 응답에는 Mudeung-Receipt 헤더로 원장 기록의 번호가 붙습니다. 그 기록의 증명을 내려받아 두면, 서버를 믿지 않고도 누구나 확인할 수 있습니다.", "Every answer of data names its entry in the ledger in the header Mudeung-Receipt. Whoever keeps the proof of that entry can check it without trusting this server.";
        index: "기록 번호", "Entry";
        index_hint: "응답의 Mudeung-Receipt 값", "What Mudeung-Receipt said";
        show: "증명 보기", "Show the proof";
        latest: "우리 앱의 최근 기록", "The latest of your apps";
        empty: "아직 기록이 없습니다. 앱이 데이터를 읽으면 여기에 나타납니다.", "No entries yet. They appear here once your apps read something.";
        time: "시각(KST)", "Time (KST)";
        operation: "작업", "Operation";
        what: "대상", "What";
        not_yours: "이 번호의 기록이 없거나, 귀사의 앱이 남긴 기록이 아닙니다.", "There is no such entry, or none that an app of yours made.";
        check: "영수증 확인", "Check a receipt";
        check_lead: "확인은 이 브라우저 안에서만 이루어지며, 증명은 어디로도 보내지 않습니다. 파일을 고르거나 끌어다 놓거나 글로 붙여 넣으세요.", "It is checked within this browser alone; the proof is sent nowhere. Choose a file, drop it here, or paste its text.";
        file: "파일 (.tlog-proof)", "File (.tlog-proof)";
        proof: "증명", "Proof";
        keys: "원장의 검증 키 (한 줄에 하나)", "Keys of the ledger (one a line)";
        keys_hint: "여기 적힌 키는 이 서버가 말한 것입니다. 다른 경로로 받아 둔 키가 있으면 그것으로 바꾸세요.", "These are what this server says they are. If you were given the key in another way, put in that one.";
        needs: "브라우저에서 확인하려면 자바스크립트를 켜야 합니다. 아래 명령은 자바스크립트 없이도 같은 것을 확인합니다.", "Checking in the browser needs JavaScript. The command below checks the same without.";
        verify: "확인", "Check it";
        step_shape: "파일의 형식이 C2SP tlog-proof입니다.", "The file is a C2SP tlog-proof.";
        step_leaf: "기록의 해시를 계산했습니다.", "The hash of the entry is computed.";
        step_path: "기록이 서명된 나무 안에 있습니다 (RFC 6962 포함 증명).", "The entry is in the tree that was signed (RFC 6962 inclusion proof).";
        step_origin: "체크포인트가 이 원장의 것입니다.", "The checkpoint is of this ledger.";
        step_signature: "체크포인트의 Ed25519 서명이 키와 맞습니다.", "The checkpoint's Ed25519 signature is by the key.";
        good: "맞음", "Holds";
        bad: "맞지 않음", "Does not hold";
        open: "확인 못 함", "Not checked";
        holds: "이 영수증은 맞습니다. 아래 기록이 서명된 원장에 그대로 있습니다.", "The receipt holds. The entry below is in the signed ledger as it stands here.";
        holds_but: "해시는 모두 맞지만 서명은 확인하지 못했습니다.", "All hashes hold, but the signature was not checked.";
        fails: "이 영수증은 맞지 않습니다.", "The receipt does not hold.";
        unsupported: "이 브라우저에는 Ed25519가 없습니다. 서명은 아래 명령으로 확인하세요.", "This browser has no Ed25519. Check the signature with the command below.";
        insecure: "이 주소에서는 브라우저가 암호 기능을 내주지 않습니다. https 주소로 여세요.", "The browser gives no cryptography to this address. Open it by https.";
        offline: "브라우저 없이 확인하기", "Without a browser";
        offline_lead: "Python 패키지는 증인의 공동 서명까지 확인하고, 맞지 않으면 0이 아닌 값으로 끝납니다.", "The Python package checks cosignatures of witnesses as well, and ends with another value than 0 when it does not hold.";
    }
}
