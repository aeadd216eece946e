//! What single answers of AWS mean.

use super::*;

fn waits(operation: &str, code: &str, text: &str) -> Option<&'static str> {
    match of(operation, code, text).0 {
        Meaning::Wait(wait) => Some(wait.what),
        _ => None,
    }
}

#[test]
fn a_name_clash_is_not_mistaken_for_a_change_under_way() {
    let conflict = "ResourceConflictException";
    let clash = "Function already exist: signer";
    assert_eq!(of("CreateFunction", conflict, clash).0, Meaning::Exists);
    let busy = "The operation cannot be performed at this time. An update is in progress";
    assert_eq!(waits("UpdateFunctionCode", conflict, busy), Some(FUNCTION.what));
    let state = "The function is currently in the following state: ";
    assert_eq!(waits("AddPermission", conflict, &format!("{state}Pending")), Some(FUNCTION.what));
    assert_eq!(of("AddPermission", conflict, &format!("{state}Failed")).0, Meaning::Final);
}

#[test]
fn a_conflict_of_api_gateway_is_known_with_and_without_its_type() {
    let text =
        "Unable to complete operation due to concurrent modification. Please try again later.";
    assert_eq!(waits("CreateRoute", "ConflictException", text), Some(API.what));
    assert_eq!(waits("CreateRoute", "", text), Some(API.what));
    assert_eq!(waits("CreateRoute", "", "Bad Gateway"), None);
    let clash = "Route with key POST /issue-cert already exists for this API";
    assert_eq!(of("CreateRoute", "ConflictException", clash).0, Meaning::Exists);
}

#[test]
fn wrong_parameters_are_final_but_for_a_role_that_is_not_known_yet() {
    let code = "InvalidParameterValueException";
    let role = "The role defined for the function cannot be assumed by Lambda.";
    assert_eq!(waits("CreateFunction", code, role), Some(ROLE.what));
    assert_eq!(of("CreateFunction", code, "Unzipped size must be smaller").0, Meaning::Final);
}

#[test]
fn a_wrong_clock_is_told_from_wrong_keys() {
    let late = "Signature expired: 20260508T053910Z is now earlier than 20260508T064210Z";
    let code = "SignatureDoesNotMatch";
    assert_eq!(of("GetCallerIdentity", code, late).1, Some(CLOCK));
    let wrong = "The request signature we calculated does not match the signature you provided.";
    assert_ne!(of("GetCallerIdentity", code, wrong).1, Some(CLOCK));
}

#[test]
fn every_wait_has_its_bound_and_every_row_a_hint() {
    for row in TABLE {
        assert!(!row.hint.is_empty() && !row.codes.is_empty(), "{:?}", row.codes);
        if let Meaning::Wait(wait) = row.meaning {
            assert!(wait.at_most <= Duration::from_mins(5), "{}", wait.what);
        }
    }
}
