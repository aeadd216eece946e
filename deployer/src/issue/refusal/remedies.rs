//! What helps: one table for the signer's codes, one for what API Gateway says.

/// What a refusal of the signer calls for.
pub(super) struct Remedy {
    pub(super) hint: &'static str,
    /// Whether the same request may succeed in a moment.
    pub(super) may_pass: bool,
}

const fn change(hint: &'static str) -> Remedy {
    Remedy { hint, may_pass: false }
}

const fn wait(hint: &'static str) -> Remedy {
    Remedy { hint, may_pass: true }
}

const EXPLAIN: &str = "`deployer policy check --caller ARN --dns NAME …` shows what the policy in \
                       stack.yaml grants to this caller, whose ARN `deployer audit --refused --format json` \
                       tells, and why not more";

/// The codes that have a remedy of their own. The signer's messages say what was asked for.
const BY_CODE: [(&str, Remedy); 11] = [
    ("caller_not_allowed", change(EXPLAIN)),
    ("name_not_allowed", change(EXPLAIN)),
    ("usage_not_allowed", change(EXPLAIN)),
    ("key_type_not_allowed", change(EXPLAIN)),
    ("common_name_not_allowed", change(EXPLAIN)),
    (
        "name_outside_ca",
        change(
            "the issuing CA itself is constrained to other names, so no policy can grant this one",
        ),
    ),
    (
        "usage_outside_ca",
        change("the issuing CA itself is for other usages; ask for one of those with --usage"),
    ),
    ("ttl_too_long", change("ask for fewer hours with --ttl-hours, or leave it out")),
    (
        "no_identity",
        change(
            "the route must have `authorization: AWS_IAM`; `deployer drift` shows if it has lost it",
        ),
    ),
    (
        "ca_unavailable",
        wait("try again in a minute; if it persists, check the secret and the function's log"),
    ),
    (
        "ca_expiring",
        change("ask for fewer hours with --ttl-hours, and have the issuing CA renewed"),
    ),
];

/// The remedy for a code of the signer, newer ones included.
pub(super) fn of_signer(code: &str, status: u16) -> &'static Remedy {
    const FORBIDDEN: Remedy = change(EXPLAIN);
    const BUSY: Remedy = wait("wait a minute and try again");
    const FAULT: Remedy = change("look the request id up in the function's log group");
    const REQUEST: Remedy = change("change the request as the message says");
    let known = BY_CODE.iter().find(|(known, _)| *known == code);
    known.map_or_else(
        || match status {
            403 => &FORBIDDEN,
            429 | 503 => &BUSY,
            500.. => &FAULT,
            _ => &REQUEST,
        },
        |(_, remedy)| remedy,
    )
}

/// What an answer of API Gateway means, and what helps.
pub(super) struct Meaning {
    /// Parts of the lower-case text, one of which tells it; none if the status does.
    says: &'static [&'static str],
    /// The statuses that it comes with; none if the text tells it.
    statuses: &'static [u16],
    pub(super) summary: &'static str,
    pub(super) hint: &'static str,
}

/// A signature that is too old or too new.
pub(super) const WRONG_CLOCK: Meaning = Meaning {
    says: &["signature expired", "not yet current", "requesttimetooskewed", "requestexpired"],
    statuses: &[],
    summary: "API Gateway refused the time of the signature",
    hint: "set the clock of this machine: AWS accepts signatures that are at most five minutes old",
};

/// A session that is over.
pub(super) const EXPIRED_SESSION: Meaning = Meaning {
    says: &["expiredtoken", "token included in the request is expired", "token has expired"],
    statuses: &[],
    summary: "API Gateway refused the session: its token has expired",
    hint: "renew the session, for example with `aws sso login`",
};

/// What API Gateway says, in the order in which it is looked up.
const OF_GATEWAY: [Meaning; 13] = [
    EXPIRED_SESSION,
    WRONG_CLOCK,
    Meaning {
        says: &["scoped to a valid region", "scoped to correct service"],
        statuses: &[],
        summary: "API Gateway refused the signature: it is for another region or service",
        hint: "set AWS_REGION to the region that the API is in",
    },
    Meaning {
        says: &["unrecognizedclient", "invalidclienttokenid", "request is invalid"],
        statuses: &[],
        summary: "API Gateway does not know the credentials",
        hint: "check that they are the ones meant, and still active: `aws sts get-caller-identity` \
               shows whose they are",
    },
    Meaning {
        says: &["missingauthenticationtoken", "missing authentication", "incompletesignature"],
        statuses: &[],
        summary: "no signature reached API Gateway",
        hint: "check whether a proxy between takes the `authorization` header away",
    },
    Meaning {
        says: &["invalidsignature", "signaturedoesnotmatch", "signature"],
        statuses: &[],
        summary: "API Gateway refused the signature",
        hint: "check the credentials and the region: the signature is made with the secret key for \
               the region's `execute-api`, and nothing between may change the request",
    },
    Meaning {
        says: &["too many requests", "throttl", "limit exceeded", "limitexceeded"],
        statuses: &[429],
        summary: "API Gateway is asked for too much at a time",
        hint: "wait a minute and try again: the route is throttled or, if it stays so, the function was switched off with `reserved_concurrency: 0`",
    },
    Meaning {
        says: &[],
        statuses: &[401, 403],
        summary: "API Gateway refused the caller",
        hint: "allow this caller `execute-api:Invoke` on the route (`deployer output invoke_arn`), \
               and check that the credentials and the region are the ones meant",
    },
    Meaning {
        says: &[],
        statuses: &[404],
        summary: "there is no such route",
        hint: "take the URL from `deployer output`, with its path `/issue-cert`",
    },
    Meaning {
        says: &[],
        statuses: &[413],
        summary: "API Gateway refused the request: it is too long",
        hint: "ask for fewer names",
    },
    Meaning {
        says: &[],
        statuses: &[500],
        summary: "the issuer's function failed",
        hint: "look at the function's log group",
    },
    Meaning {
        says: &[],
        statuses: &[502, 504],
        summary: "the issuer's function did not answer",
        hint: "try again; if it persists, look at the function's log group",
    },
    Meaning {
        says: &[],
        statuses: &[503],
        summary: "the issuer's function could not be called",
        hint: "try again in a minute: it may be called too often at a time; if it persists, look at \
               its log group, its timeout and its reserved concurrency",
    },
];

const OTHER: Meaning = Meaning {
    says: &[],
    statuses: &[],
    summary: "API Gateway did not pass the request on to the issuer",
    hint: "check the URL (`deployer output` shows it), and what lies between",
};

/// What an answer that is not the signer's means.
pub(super) fn of_gateway(status: u16, text: &str) -> &'static Meaning {
    let text = text.to_ascii_lowercase();
    let told = |meaning: &&Meaning| {
        meaning.says.iter().any(|part| text.contains(part)) || meaning.statuses.contains(&status)
    };
    OF_GATEWAY.iter().find(told).unwrap_or(&OTHER)
}
