"""Checks the project out as the real action does: a shallow fetch of one commit unless `fetch-depth` says otherwise."""

import os
import subprocess

from standin import WORKSPACE, given, tell

source = f"file://{os.environ['CI_TEMPLATE_PROJECT']}"
target = WORKSPACE / given("path")
event_ref, depth = os.environ["GITHUB_REF"], given("fetch-depth")
ref = given("ref") or os.environ["GITHUB_SHA"]


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=target, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


target.mkdir(parents=True, exist_ok=True)
git("init", "--quiet", "--initial-branch=main")
git("remote", "add", "origin", source)
if depth == "0":
    git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
git("fetch", "--quiet", "--no-tags", "origin", ref, *([] if depth == "0" else [f"--depth={depth}"]))
git("checkout", "--quiet", "--detach", "FETCH_HEAD")
if not given("ref") and event_ref.startswith("refs/heads/"):
    branch = event_ref.removeprefix("refs/heads/")
    git("update-ref", f"refs/remotes/origin/{branch}", "HEAD")
    git("checkout", "--quiet", "-B", branch, f"origin/{branch}")
tell("OUTPUT", f"ref={given('ref') or event_ref}\ncommit={git('rev-parse', 'HEAD')}")
