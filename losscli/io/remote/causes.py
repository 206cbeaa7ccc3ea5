"""What stores say is wrong, by the codes of their answers: a cause that the user can act on, and the fix."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from losscli.lazy import dataclass, pattern


@dataclass(frozen=True)
class Cause:
    """A cause in words; `kind` is what it means for the run, and no `fix` is the usual one of the store."""

    kind: Literal["denied", "permanent", "full"]
    message: str
    fix: str | None = None


_RENEW_AWS = "get new ones ('aws sso login', or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN anew)"
_RENEW_GOOGLE = "run 'gcloud auth application-default login'"
_RENEW_AZURE = "run 'az login', or set AZURE_STORAGE_ACCOUNT_KEY or a new AZURE_STORAGE_SAS_TOKEN"
_EXPIRED = "the credentials have expired"

_AWS_EXPIRED = Cause("denied", _EXPIRED, _RENEW_AWS)
_SKEWED = Cause("denied", "the clock of this machine is too far from that of the store", "set the clock")
_FORBIDDEN = Cause("denied", "permission denied: the credentials are valid, but do not allow this",
                   "S3: s3:GetObject to read, s3:ListBucket for folders, s3:PutObject to write; or use other "
                   "credentials (AWS_PROFILE), or LOSSCLI_REMOTE_ANON=1 (anonymous access)")  # fmt: skip
_AZURE_FORBIDDEN = Cause("denied", "permission denied: the credentials are valid, but do not allow this",
                         "Azure: the role 'Storage Blob Data Reader' to read, 'Storage Blob Data Contributor' to "
                         "write")  # fmt: skip
_AZURE_WRONG = Cause("denied", "the store rejects the account key or SAS token",
                     "check AZURE_STORAGE_ACCOUNT_KEY, or AZURE_STORAGE_SAS_TOKEN and its permissions")  # fmt: skip

_FULL = Cause("full", "the store has no space left, or a quota is reached",
              "free some space there, raise the quota, or write to another bucket")  # fmt: skip
_TOO_LARGE = Cause("full", "the store takes no object of this size",
                   "write to a local file, or to a store that takes larger objects")  # fmt: skip

_BY_CODE = {
    "QuotaExceeded": _FULL,
    "XMinioStorageFull": _FULL,
    "XMinioAdminBucketQuotaExceeded": _FULL,
    "EntityTooLarge": _TOO_LARGE,
    "RequestBodyTooLarge": _TOO_LARGE,
    "ExpiredToken": _AWS_EXPIRED,
    "ExpiredTokenException": _AWS_EXPIRED,
    "TokenRefreshRequired": _AWS_EXPIRED,
    "RequestExpired": _AWS_EXPIRED,
    "InvalidToken": Cause("denied", "the session token is not valid",
                          "AWS_SESSION_TOKEN belongs to its AWS_ACCESS_KEY_ID; leave it out for keys without one"),
    "InvalidClientTokenId": Cause("denied", "the store does not know the access key", "check AWS_ACCESS_KEY_ID"),
    "InvalidAccessKeyId": Cause("denied", "the store does not know the access key",
                                "check AWS_ACCESS_KEY_ID or AWS_PROFILE, and AWS_ENDPOINT_URL"),
    "SignatureDoesNotMatch": Cause("denied", "the signature does not match: the secret key is not that of the access "
                                   "key", "check AWS_SECRET_ACCESS_KEY"),
    "RequestTimeTooSkewed": _SKEWED,
    "AccessDenied": _FORBIDDEN,
    "AllAccessDisabled": _FORBIDDEN,
    "InvalidObjectState": Cause("permanent", "the object is in an archive (Glacier)", "restore it first"),
    "RefreshError": Cause("denied", "the credentials have expired or were revoked", _RENEW_GOOGLE),
    "UnauthorizedSSOTokenError": Cause("denied", _EXPIRED, "run 'aws sso login'"),
    "SSOTokenLoadError": Cause("denied", _EXPIRED, "run 'aws sso login'"),
    "AuthenticationFailed": _AZURE_WRONG,
    "InvalidAuthenticationInfo": Cause("denied", _EXPIRED, _RENEW_AZURE),
    "AuthorizationFailure": _AZURE_FORBIDDEN,
    "AuthorizationPermissionMismatch": _AZURE_FORBIDDEN,
    "PublicAccessNotPermitted": _AZURE_FORBIDDEN,
    "NoAuthenticationInformation": _AZURE_FORBIDDEN,
}  # fmt: skip
_BY_STATUS = {413: _TOO_LARGE, 507: _FULL}
_OTHER_REGION = frozenset({"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "Redirect",
                           "IllegalLocationConstraintException", "301", "307"})  # fmt: skip
_TIME_FRAME = pattern("not valid in the specified time frame|token.{0,20}expired", re.IGNORECASE)
_REGION = pattern(r"[a-z0-9-]{4,30}")

MUTE = frozenset({"400", "403", "301", "307"})
"""Codes of answers without a body: the status stands in place of the cause, which another request tells."""


def cause_of(chain: Iterable[BaseException], status: int = 0) -> Cause | None:
    """The cause that one of these errors names, or else the HTTP status; None if none does."""
    for error in chain:
        code = code_of(error) or type(error).__name__
        if code in _OTHER_REGION and code_of(error):
            return _other_region(error)
        if (found := _BY_CODE.get(code)) is not None:
            expired = found is _AZURE_WRONG and _TIME_FRAME.search(str(error))
            return Cause("denied", _EXPIRED, _RENEW_AZURE) if expired else found
    return _BY_STATUS.get(status)


def code_of(error: BaseException) -> str:
    """The code that the store gave, such as `AccessDenied`; empty if it gave none."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    code = vars(error).get("error_code")  # Azure's, an enumeration of texts
    return str(getattr(code, "value", None) or code or "")


def _other_region(error: BaseException) -> Cause:
    response = getattr(error, "response", {})
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = str(response.get("Error", {}).get("Region") or headers.get("x-amz-bucket-region") or "")
    known = _REGION.fullmatch(region) is not None
    return Cause("permanent", "the bucket is in another region" + (f": {region}" if known else ""),
                 f"set AWS_DEFAULT_REGION{f'={region}' if known else ''}, and check AWS_ENDPOINT_URL")  # fmt: skip
