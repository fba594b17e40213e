// Prints every file of a folder that no other file names.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **names;
static int nnames;

static void collect(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d) {
		perror(dir);
		exit(1);
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		names = realloc(names, (nnames + 1) * sizeof(*names));
		names[nnames++] = strdup(e->d_name);
	}
	closedir(d);
}

static int mentioned(const char *name)
{
	char line[4096];
	int i, hit = 0;

	for (i = 0; i < nnames && !hit; i++) {
		FILE *f = fopen(names[i], "r");
		while (f && fgets(line, sizeof line, f))
			if (strstr(line, name))
				hit = 1;
		if (f)
			fclose(f);
	}
	return hit;
}

int main(int argc, char **argv)
{
	int i;

	collect(argc > 1 ? argv[1] : ".");
	for (i = 0; i < nnames; i++)
		if (!mentioned(names[i]))
			puts(names[i]);
	return 0;
}
