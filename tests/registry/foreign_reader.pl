# A second reader written from the specification alone, in Perl, with the modules that come with it.
# Run as: perl foreign_reader.pl FOLDER [KEY in hexadecimal]. Prints what foreign_reader.py prints.

use strict;
use warnings;
use Digest::SHA qw(sha256_hex hmac_sha256_hex);
use JSON::PP ();

my ($root, $hex) = @ARGV;
my $key = defined $hex ? pack('H*', $hex) : '';
my $json = JSON::PP->new->utf8;
my @faults;

sub slurp {
    my ($path) = @_;
    open(my $file, '<:raw', $path) or die "$path is missing\n";
    local $/ = undef;
    return scalar <$file>;
}

sub names {    # everything directly in a folder that is not hidden
    my ($path) = @_;
    opendir(my $folder, $path) or return ();
    return sort grep { !/^\./ } readdir $folder;
}

sub digest { return 'sha256:' . sha256_hex($_[0]) }

sub expect { push @faults, $_[1] if !$_[0]; return }

sub sealed {    # `check` and `mac` are the last of their name in an event: only texts and numbers stand behind them
    my ($data, $what) = @_;
    my ($before, $check, $after) = $data =~ /\A(.*"check":")(sha256:[0-9a-f]{64})(".*)\z/s;
    return expect(0, "$what has no seal") if !defined $check;
    expect(digest("$before$after") eq $check, "$what is damaged");
    return if $key eq '';
    my ($front, $mac, $back) = "$before$after" =~ /\A(.*"mac":")([^"]*)(".*)\z/s;
    expect($mac eq 'hmac-sha256:' . hmac_sha256_hex("$front$back", $key), "$what is not signed by the key");
    return;
}

sub model {
    my ($name) = @_;
    my ($log, $folder, $previous) = ("model/$name", "$root/logs/model/$name/events", '');
    my (%aliases, %needed, @versions);
    my @numbers = map { /^(\d{12})\.json$/ ? int $1 : () } names($folder);
    my $last = @numbers ? $numbers[-1] : 0;
    for my $number (1 .. $last) {
        my $data = slurp(sprintf '%s/%012d.json', $folder, $number);
        my $event = $json->decode($data);
        die "$log: event $number has a newer format\n" if $event->{format} > 1;
        my ($kind, $body) = @{$event}{qw(kind body)};
        sealed($data, "$log: event $number");
        my $at_home = $event->{log} eq $log && $event->{number} == $number && $event->{previous} eq $previous;
        expect($at_home, "$log: event $number does not follow the one before");
        $previous = digest($data);
        my @moves = $kind =~ /^(?:alias|refusal)$/ ? grep { defined } ($body, $body->{swap}) : ();
        my @content = map { [ '', $_->{report} ] } @moves;
        if ($kind eq 'version') {
            push @versions, "version $body->{number} $event->{subject}";
            my ($number, $files) = ($body->{number}, $body->{model}{files});
            push @content, map { [ "$number model/$_", $files->{$_}{digest} ] } keys %{$files};
            push @content, map { [ "$number $_", $body->{$_} ] } qw(schema profile examples notes);
            push @content, [ '', $body->{environment}{installed} ];
        }
        push @content, [ '', $body->{report} ] if $kind =~ /^(?:report|alarm)$/;
        $needed{ $_->[1] }{ $_->[0] } = 1 for grep { defined $_->[1] } @content;
        my $erased = $kind eq 'erasure' ? $body->{erased} : {};
        delete $needed{ $erased->{$_} }{"$body->{version} $_"} for keys %{$erased};
        for my $move ($kind eq 'alias' ? @moves : ()) {
            delete $aliases{ $move->{alias} };
            $aliases{ $move->{alias} } = $move->{to} if defined $move->{to};
        }
    }
    print "$_\n" for $log, "events $last", "newest $previous", @versions;
    print "alias $_ $aliases{$_}\n" for sort keys %aliases;
    for my $two (names("$folder/blobs/sha256")) {
        for my $blob (names("$folder/blobs/sha256/$two")) {
            expect(sha256_hex(slurp("$folder/blobs/sha256/$two/$blob")) eq $blob, "$log: the blob sha256:$blob is damaged");
            delete $needed{"sha256:$blob"};
        }
    }
    expect(0, "$log: the blob $_ is missing") for grep { %{ $needed{$_} } } sort keys %needed;
    return;
}

eval {
    my $data = slurp("$root/registry.json");
    my $content = $json->decode($data);
    die "not a registry of format 1\n" if $content->{what} ne 'maturekit registry' || $content->{format} > 1;
    (my $rest = $data) =~ s/"check":"[^"]*"/"check":""/;
    expect(digest($rest) eq $content->{check}, 'registry.json is damaged');
    model($_) for names("$root/logs/model");
    1;
} or push @faults, "unreadable: $@";
chomp @faults;
print "FAULT $_\n" for @faults;
exit(@faults ? 1 : 0);
