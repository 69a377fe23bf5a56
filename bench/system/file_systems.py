"""The file system that a path lies on: its type, and whether other machines may use it too."""

from __future__ import annotations

from pathlib import Path

from bench.system.kernel_files import KERNEL_FILES, KernelFiles

NETWORK_FILE_SYSTEMS = (
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs", "9p"),
    *("ocfs2", "gfs2", "vboxsf", "prl_fs", "davfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs"),
    *("fuse.rclone", "fuse.davfs2", "fuse.vmhgfs-fuse"),
)
"""Types, as Linux names them, of file systems that several machines may write to at the same time."""


def find_file_system(path: Path, files: KernelFiles = KERNEL_FILES) -> str:
    """The type of the file system of `path`, which need not exist; empty if the system does not list its mounts."""
    resolved = path.resolve()
    best, found = Path(), ""
    for line in files.read_text("proc/self/mountinfo").splitlines():
        mount, _, file_system = line.partition(" - ")
        fields, kinds = mount.split(), file_system.split()
        if len(fields) < 5 or not kinds:
            continue
        folder = Path(fields[4].replace("\\040", " "))
        # Of two mounts at one place, the later one hides the earlier one.
        if resolved.is_relative_to(folder) and len(folder.parts) >= len(best.parts):
            best, found = folder, kinds[0]
    return found


def is_network_file_system(file_system: str) -> bool:
    return file_system in NETWORK_FILE_SYSTEMS
