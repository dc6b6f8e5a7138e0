//! What stands where the interface is tried out.

use super::texts;

texts! {
    /// The place where the interface is tried out.
    PlaygroundTexts {
        title: "API 시험", "API playground";
        lead: "모든 API 작업을 화면에서 바로 불러 보고, 같은 요청을 curl 명령으로 가져갈 수 있습니다.", "Call every operation of the interface from here, and take the same request along as a command.";
        english: "작업의 설명은 API 문서에서 온 것으로 영어입니다.", "What the operations do is told in the words of the API document.";
        scopes: "필요한 scope", "Scopes";
        or: "또는", "or";
        token: "접근 토큰", "Access token";
        token_lead: "토큰과 비밀값은 이 화면이 열려 있는 동안에만 쓰이며 어디에도 저장하지 않습니다.", "Token and secret are used while this page is open and kept nowhere.";
        token_field: "토큰", "Token";
        by_credential: "자격증명으로 토큰 받기", "Get one for a credential";
        published: "공개된 샌드박스 자격증명을 채워 두었습니다. 합성 데이터만 열립니다.", "The published sandbox credential is filled in. It opens synthetic data alone.";
        get_token: "토큰 받기", "Get a token";
        got: "토큰을 받았습니다. 허용된 scope:", "Here is a token. Its scopes:";
        refused: "토큰을 받지 못했습니다:", "No token:";
        fields: "값", "Values";
        required: "필수", "required";
        body: "본문", "Body";
        command: "명령", "As a command";
        needs: "화면에서 보내려면 자바스크립트를 켜야 합니다. 위 명령은 그대로 쓸 수 있습니다.", "Sending from here needs JavaScript. The command above works as it is.";
        send: "보내기", "Send it";
        sending: "기다리는 중…", "Waiting…";
        missing: "필수 값을 채워 주세요:", "Fill in what is required:";
        unreachable: "서버에 닿지 못했습니다.", "The server was not reached.";
        answer: "응답", "Answer";
        headers: "헤더", "Headers";
        answer_body: "응답 본문", "Its body";
        no_body: "본문이 없습니다.", "It has no body.";
        binary: "글이 아니어서 보이지 않습니다. 바이트:", "Not a text, so it is not shown. Bytes:";
        cut: "여기까지만 읽었습니다.", "No more was read.";
        answers: "있을 수 있는 응답", "Answers there may be";
        status: "상태 코드", "Status";
        means: "뜻", "Meaning";
        reference: "API 문서에서 보기 (스키마 포함)", "In the API reference, with schemas";
    }
}
