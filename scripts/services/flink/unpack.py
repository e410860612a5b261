"""unpack.py DOWNLOADS FOLDER: the jars of lib/ in PyPI's apache-flink-libraries (a tar of sources)."""
import pathlib
import shutil
import sys
import tarfile

downloads, folder = map(pathlib.Path, sys.argv[1:])
count = 0
for archive in downloads.glob("*.tar.gz"):
    with tarfile.open(archive, "r|gz") as tar:
        for member in tar:
            path = pathlib.PurePosixPath(member.name)
            # the old API for Scala is the one jar that nothing here needs
            if member.isfile() and path.suffix == ".jar" and path.parent.name == "lib" and not path.name.startswith("flink-scala_"):
                with open(folder / path.name, "wb") as out:
                    shutil.copyfileobj(tar.extractfile(member), out, 1 << 20)
                count += path.name.startswith("flink-dist-")
if count != 1:
    sys.exit("no flink-dist jar among the downloads")
