//! What each problem code means and what to do about it; the pages behind the `type` of a problem.

use crate::call::Language;
use mudeung_wire::problem::Code;

macro_rules! advice {
    ($($code:ident: $ko:literal, $en:literal;)*) => {
        /// What a code means and what to do, in one language.
        pub(crate) const fn advice(code: Code, language: Language) -> &'static str {
            match (code, language) {
                $((Code::$code, Language::Ko) => $ko, (Code::$code, Language::En) => $en,)*
            }
        }

        #[cfg(test)]
        pub(super) const PAIRS: &[super::Pair] = &[$((stringify!($code), $ko, $en)),*];
    };
}

advice! {
    BadRequest: "요청의 문법, 인코딩 또는 헤더를 읽을 수 없습니다. detail에 적힌 부분을 고쳐 다시 보내세요.", "The request's syntax, encoding or headers cannot be read. Correct what `detail` names and send it again.";
    InvalidParameter: "매개변수의 값이 올바르지 않습니다. invalid_parameters에 이름과 이유가 있습니다.", "A parameter has a wrong value. `invalid_parameters` names it and says why.";
    InvalidFilter: "행 조건을 읽을 수 없거나 테이블의 자료형과 맞지 않습니다. 예: age >= 60 and sex = 'F'", "The filter does not parse, or does not fit the table's types. An example: age >= 60 and sex = 'F'";
    UnknownColumn: "그런 열이 없거나 승인 범위 밖입니다. 테이블 정보에서 열 이름을 확인하세요.", "There is no such column, or it is outside your grant. The table's description lists the columns.";
    InvalidQuery: "SQL을 해석하거나 실행할 수 없습니다. SELECT 문 하나만, dataset.tier.table 이름으로 쓸 수 있습니다.", "The SQL does not parse, plan or run. One SELECT statement over dataset.tier.table is accepted.";
    InvalidCursor: "커서가 이 목록의 것이 아닙니다. 첫 페이지부터 다시 읽으세요.", "The cursor does not belong to this list. Start again from the first page.";
    Unauthenticated: "액세스 토큰이 없거나 유효하지 않습니다. POST /oauth2/token으로 새 토큰을 받으세요.", "There is no access token, or it is not valid. Get a new one from POST /oauth2/token.";
    InsufficientScope: "토큰에 필요한 권한 범위가 없습니다. WWW-Authenticate 헤더의 scope를 넣어 토큰을 다시 받으세요.", "The token lacks a scope. Request a token with the scope that WWW-Authenticate names.";
    SignatureInvalid: "서명된 주소가 잘못되었거나 만료되었습니다. 파일 목록을 다시 읽어 새 주소를 받으세요.", "The signed address is wrong or has expired. List the files again for a new one.";
    RoleMissing: "이 화면이나 작업에 필요한 역할이 없거나, 양식이 오래되었습니다. 화면을 새로 열어 다시 시도하세요.", "Your role does not allow this page or action, or the form was too old. Open the page anew and try again.";
    AgreementSuperseded: "데이터 이용 약정의 새 판이 나왔습니다. 기관을 대표하는 구성원이 새 약정에 서명하면 토큰을 다시 받을 수 있습니다.", "The data use agreement has a newer version. Tokens are issued again once a member signs it for the organization.";
    ExportNotGranted: "승인이 기관 안에서의 분석(제공)만 허용합니다. `Prefer: respond-async`로 쿼리를 실행하고 POST /v1/query/jobs/{job}/export로 결과의 반출을 신청하세요.", "The grant opens the data for analysis inside alone. Run the query with `Prefer: respond-async`, then ask by POST /v1/query/jobs/{job}/export that its result may leave.";
    NetworkNotAllowed: "이 앱에 허용된 네트워크가 아닙니다. 앱 화면의 규칙에서 허용 네트워크를 확인하세요.", "The app may not be used from this network. Its page in the portal lists the networks it may come from.";
    HttpsRequired: "이 서버는 https로만 사용합니다. 주소를 https://로 바꾸고, 이미 보낸 비밀키나 토큰은 노출된 것으로 보고 교체하세요.", "This server is used over https alone. Change the address to https://, and replace the secret or token that was sent: take it as known to others.";
    NotFound: "자원이 없거나 접근 권한이 없습니다. 두 경우를 구별해 알려 드리지 않습니다.", "There is nothing here, or it is not open to you. The two are not told apart.";
    MethodNotAllowed: "이 주소는 다른 메서드만 받습니다. Allow 헤더를 보세요.", "The address takes other methods. See the Allow header.";
    NotAcceptable: "Accept에 적힌 형식으로 답할 수 없습니다. JSON, CSV, Arrow stream, Parquet 가운데 하나를 쓰세요.", "None of the accepted media types can be produced. Use JSON, CSV, an Arrow stream or Parquet.";
    RequestTimeout: "요청을 제때 다 받지 못했습니다. 다시 보내세요.", "The request did not arrive in time. Send it again.";
    Conflict: "현재 상태에서는 할 수 없는 작업입니다. 최신 상태를 읽고 다시 판단하세요.", "The present state does not allow it. Read the state again and decide anew.";
    TooLarge: "요청 본문이 한도보다 큽니다.", "The request body is larger than allowed.";
    UriTooLong: "주소가 한도보다 깁니다. 조건이 길면 POST /v1/query를 쓰세요.", "The address is longer than allowed. Use POST /v1/query for long conditions.";
    UnsupportedMediaType: "본문의 형식을 이해하지 못합니다. Content-Type을 문서대로 보내세요.", "The body's media type is not understood. Send the Content-Type that the reference names.";
    RangeNotSatisfiable: "요청한 범위가 파일 밖입니다. Content-Range에 파일의 길이가 있습니다.", "The range lies outside the file. Content-Range tells its length.";
    Unprocessable: "형식은 맞지만 내용을 받아들일 수 없습니다. detail을 보고 고치세요.", "Well-formed, but not acceptable as it stands. `detail` says what to change.";
    RateLimited: "짧은 시간에 요청이 너무 많습니다. Retry-After만큼 기다리세요.", "Too many requests in a short time. Wait as long as Retry-After says.";
    QuotaExhausted: "승인된 할당량을 다 썼습니다. GET /v1/quota에서 남은 양을 보고, 더 필요하면 새로 신청하세요.", "The budget of the grant is used up. GET /v1/quota shows what is left; file a request for more.";
    HeadersTooLarge: "요청 헤더가 한도보다 큽니다.", "The request headers are larger than allowed.";
    LimitReached: "메모리, 시간 또는 출력 한도에 도달했습니다. 열이나 행을 줄이세요.", "A limit of memory, time or output was reached. Ask for fewer columns or rows.";
    Internal: "서버의 잘못입니다. instance 값을 운영자에게 알려 주세요.", "A fault of the server. Quote `instance` to the operator.";
    LedgerUnavailable: "접근을 기록할 수 없어 데이터를 제공하지 않습니다. Retry-After 뒤에 다시 시도하세요.", "The access cannot be recorded, so no data is given. Try again after Retry-After.";
    ServicePaused: "병원이 서비스 전체를 멈추었습니다. 토큰도 데이터도 제공되지 않습니다. Retry-After 뒤에 다시 시도하세요.", "The hospital has paused the whole service: neither tokens nor data are given. Try again after Retry-After.";
    Overloaded: "서버가 바쁘거나 종료 중입니다. Retry-After 뒤에 다시 시도하세요.", "The server is busy or shutting down. Try again after Retry-After.";
}
